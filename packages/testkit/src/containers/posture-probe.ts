/**
 * Runs inside a container, in the place of the server: tries what somebody would try who had broken
 * into it, and says what came of it as JSON. It imports nothing but Node, because there is nothing else.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs';

/** Of another kind than files: what the kernel says of itself, and of each process. */
const KERNEL = ['/proc', '/sys'];
const SPECIAL_BITS = 0o6000;
const EXECUTE_BITS = 0o111;
/** Opening these asks the kernel to be woken up when it is busy, and changes nothing (proc_pressure). */
const QUESTION = /^\/proc\/pressure\//;
/** Opening a file in order to write it copies it, where images are layers: in bytes, what is worth it. */
const COPIED_BYTES_MAX = 4_194_304;
const SHELLS = ['sh', '/bin/sh', '/bin/bash', '/bin/dash', '/bin/busybox', '/usr/bin/env'];

const found = {
  files: new Array<string>(),
  programs: new Array<string>(),
  special: new Array<string>(),
  writable: new Array<string>(),
  changeable: new Array<string>(),
  directories: 0,
};

/** Tries to make a file in each directory, and to open each file to write into it. */
function visit(directory: string): void {
  found.directories += 1;
  if (canMakeIn(directory)) found.writable.push(directory);
  for (const entry of entriesOf(directory)) {
    const path = `${directory === '/' ? '' : directory}/${entry.name}`;
    // Of the processes one is enough; each has the same entries, and itself among them.
    if (/^\/proc\/(?:\d+|self|thread-self)$/.test(path)) continue;
    if (entry.isDirectory()) visit(path);
    else if (entry.isFile()) look(path);
  }
}

function look(path: string): void {
  const { mode, size } = lstatSync(path);
  if (canChange(path, size)) found.changeable.push(path);
  if (KERNEL.some((place) => path.startsWith(`${place}/`))) return;
  found.files.push(path);
  if ((mode & SPECIAL_BITS) !== 0) found.special.push(path);
  const isLibrary = /\.so(?:\.[\d.]+)?$/.test(path);
  if (!isLibrary && ((mode & EXECUTE_BITS) !== 0 || isElf(path))) found.programs.push(path);
}

function canChange(path: string, size: number): boolean {
  // Where one was changed already, a large one tells nothing more.
  if (found.changeable.length > 0 && size > COPIED_BYTES_MAX) return false;
  return !QUESTION.test(path) && (canOpenToWrite(path) || canMakeWritable(path));
}

function isElf(path: string): boolean {
  const start = Buffer.alloc(4);
  const descriptor = openSync(path, 'r');
  readSync(descriptor, start);
  closeSync(descriptor);
  return start.toString('latin1') === '\u007FELF';
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function canMakeIn(directory: string): boolean {
  const file = `${directory}/made-by-the-probe`;
  const isMade = succeeds(() => closeSync(openSync(file, 'wx')));
  if (isMade) rmSync(file);
  return isMade;
}

function canOpenToWrite(path: string): boolean {
  return succeeds(() => {
    const descriptor = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    const isFile = fstatSync(descriptor).isFile();
    closeSync(descriptor);
    if (!isFile) throw new Error('no longer the same');
  });
}

/** Whoever owns a file may write it as soon as they like. */
function canMakeWritable(path: string): boolean {
  return succeeds(() => chmodSync(path, lstatSync(path).mode & 0o7777));
}

function succeeds(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

/** What the kernel says of this process. */
function statusOf(): Readonly<Record<string, string>> {
  const lines = readFileSync('/proc/self/status', 'utf8').split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [name = '', value = ''] = line.split(':\t');
      return /^(?:Cap\w+|NoNewPrivs|Seccomp|Uid|Gid|Groups)$/.test(name)
        ? [[name, value.trim().split(/\s+/).join(' ')]]
        : [];
    }),
  );
}

/** As the kernel lists them: the socket by which Node would ask for them may be closed by a filter. */
function interfaces(): readonly string[] {
  const lines = readFileSync('/proc/net/dev', 'utf8').split('\n').slice(2);
  return lines.flatMap((line) => (line.includes(':') ? [line.split(':')[0]?.trim() ?? ''] : []));
}

visit('/');
process.stdout.write(
  JSON.stringify({
    ...found,
    status: statusOf(),
    shells: SHELLS.filter((shell) => spawnSync(shell, ['-c', 'exit 0']).error === undefined),
    interfaces: interfaces(),
  }),
);
