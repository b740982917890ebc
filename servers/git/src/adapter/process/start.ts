import { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import type { simpleGit as SimpleGit } from 'simple-git';

import type { Argument } from '../../guard/argument.ts';

/** A command as it is started. */
export interface Start {
  /** Absolute. */
  readonly binary: string;
  readonly args: readonly Argument[];
  readonly cwd: string;
  /** Complete: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * What simple-git has to be told so that the hardening may pass: it looks for dangerous words among
 * the arguments and the environment, and cannot tell `core.fsmonitor=false` from one that runs a
 * program. What stands there is `environmentOf` and `Argument`, and nothing else can.
 */
const UNSAFE = {
  // `GIT_CONFIG_GLOBAL=/dev/null`, `GIT_CONFIG_SYSTEM=/dev/null`, and the overrides themselves.
  allowUnsafeConfigPaths: true,
  allowUnsafeConfigEnvCount: true,
  // `GIT_ASKPASS=`, `GIT_EDITOR=false`, `GIT_PAGER=cat`, `GIT_SSH_COMMAND=false`.
  allowUnsafeAskPass: true,
  allowUnsafeEditor: true,
  allowUnsafePager: true,
  allowUnsafeSshCommand: true,
  // Overrides that turn the feature of this name off.
  allowUnsafeCredentialHelper: true,
  allowUnsafeDiffExternal: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeGitProxy: true,
  allowUnsafeGpgProgram: true,
  allowUnsafeHooksPath: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSubmodule: true,
  // A text that is searched for is one word with its option, and `-S--upload-pack` is taken for the second.
  allowUnsafePack: true,
  allowUnsafeTemplateDir: true,
  // The path is the operator's, or that of PATH, and may hold a space.
  allowUnsafeCustomBinary: true,
} as const;

/**
 * Starts one command through simple-git, and hands over its process at once.
 *
 * simple-git gives out a command's output as a whole, and stops a process with SIGINT. Here output is
 * read as it comes and its end has to be certain, so its listeners are taken off the streams before
 * anything was read, and the process itself is taken from Node's own announcement of it (the channel
 * `child_process`). `take` is called in the same
 * turn in which the process was started. Rejects when there is no process.
 */
export async function startGit(
  start: Start,
  take: (child: ChildProcess) => void,
  simpleGit: typeof SimpleGit,
): Promise<void> {
  let newest: ChildProcess | undefined;
  const announced = (message: unknown): void => {
    newest = processOf(message) ?? newest;
  };
  const unannounced = new AbortController();
  const git = simpleGit({
    baseDir: start.cwd,
    binary: start.binary,
    allowEnvironment: Object.keys(start.env),
    unsafe: UNSAFE,
    completion: { onClose: true, onExit: false },
    abort: unannounced.signal,
  }).env({ ...start.env });
  return await new Promise((resolve, reject) => {
    git.outputHandler((_binary, stdout, stderr) => {
      unsubscribe('child_process', announced);
      stdout.removeAllListeners('data');
      stderr.removeAllListeners('data');
      if (newest === undefined || newest.stdout !== stdout) {
        // simple-git's own way to end it is there in a moment.
        queueMicrotask(() => unannounced.abort());
        reject(new Error('The process of git was not announced.'));
        return;
      }
      // A command that reads its input finds none.
      newest.stdin?.end();
      take(newest);
      resolve();
    });
    subscribe('child_process', announced);
    git.raw([...start.args]).catch((error: unknown) => {
      // Once the process was handed over this says nothing new, and nobody listens any more.
      unsubscribe('child_process', announced);
      reject(error);
    });
  });
}

function processOf(message: unknown): ChildProcess | undefined {
  if (typeof message !== 'object' || message === null || !('process' in message)) return undefined;
  return message.process instanceof ChildProcess ? message.process : undefined;
}
