import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type {
  Commit,
  Handle,
  ObjectInfo,
  ObjectKind,
  Person,
  Tag,
} from '../../src/adapter/index.ts';
import { parseOid, type Oid } from '../../src/guard/index.ts';
import { ENVIRONMENT } from '../../src/policy.ts';

/** A handle on a private directory made by hand, for tests of single commands. */
export interface TestHandle extends Handle {
  /** Every command that was run, as its words. */
  readonly ran: string[][];
  cancel(): void;
}

/**
 * @param repository with a `.git` directory
 * @param scratch a directory that does not exist yet
 */
export function makeHandle(
  repository: string,
  scratch: string,
  config = '',
  format: 'sha1' | 'sha256' = 'sha1',
): TestHandle {
  const dotGit = join(repository, '.git');
  mkdirSync(join(scratch, 'objects/info'), { recursive: true, mode: 0o700 });
  mkdirSync(join(scratch, 'info'));
  for (const name of ['HEAD', 'index', 'shallow', 'info/exclude']) {
    if (existsSync(join(dotGit, name))) cpSync(join(dotGit, name), join(scratch, name));
  }
  for (const name of ['refs', 'logs', 'packed-refs']) {
    if (existsSync(join(dotGit, name))) symlinkSync(join(dotGit, name), join(scratch, name));
  }
  writeFileSync(join(scratch, 'objects/info/alternates'), `${join(dotGit, 'objects')}\n`);
  const extension = format === 'sha256' ? '[extensions]\nobjectFormat = sha256\n' : '';
  writeFileSync(
    join(scratch, 'config'),
    `[core]\nrepositoryFormatVersion = 1\nbare = false\nbigFileThreshold = 4194304\n${extension}${config}`,
  );
  const env = {
    ...ENVIRONMENT,
    PATH: process.env['PATH'] ?? '',
    GIT_DIR: scratch,
    GIT_WORK_TREE: repository,
    GIT_INDEX_FILE: join(scratch, 'index'),
  };
  const cache = new Map<string, unknown>();
  const cancelled = new AbortController();
  const ran: string[][] = [];
  return {
    profile: {
      key: scratch,
      gitDir: scratch,
      workTree: repository,
      objectFormat: format,
      env,
      binary: 'git',
      warnings: [],
      operation: undefined,
    },
    objects: objectsOf(repository, env),
    ran,
    cancel: () => cancelled.abort(),
    git: ({ args, bytesMax = 16_777_216, exitCodes = [0], refreshes = false }, sink) => {
      ran.push([...args]);
      const settings = refreshes ? ['-c', 'diff.autoRefreshIndex=true'] : [];
      return new Promise((resolve, reject) => {
        const child = spawn(
          'git',
          [
            '--no-pager',
            '--literal-pathspecs',
            '-c',
            'diff.autoRefreshIndex=false',
            ...settings,
            ...args,
          ],
          {
            cwd: repository,
            env: { ...env, GIT_OPTIONAL_LOCKS: refreshes ? '1' : '0' },
            stdio: ['ignore', 'pipe', 'pipe'],
            signal: cancelled.signal,
            killSignal: 'SIGKILL',
          },
        );
        let bytes = 0;
        let cut = false;
        let errors = '';
        child.stdout.on('data', (piece: Buffer) => {
          if (cut) return;
          const room = bytesMax - bytes;
          bytes += piece.length;
          if (sink(piece.subarray(0, room)) === false || bytes > bytesMax) {
            cut = true;
            child.kill('SIGKILL');
          }
        });
        child.stderr.on('data', (piece: Buffer) => (errors += piece.toString()));
        child.on('error', reject);
        child.on('close', (code) => {
          if (cut || exitCodes.includes(code ?? -1)) resolve({ code: code ?? -1, cut });
          else reject(new Error(`git ${args.join(' ')}: ${String(code)} ${errors}`));
        });
      });
    },
    index: () =>
      Promise.resolve({ entries: 0, assumeUnchanged: 0, skipWorktree: 0, submodules: 0 }),
    cache: {
      get: <Value>(key: string) => cache.get(key) as Value | undefined,
      set: (key, value) => void cache.set(key, value),
    },
  };
}

function objectsOf(cwd: string, env: NodeJS.ProcessEnv): Handle['objects'] {
  const run = (args: readonly string[]): Buffer => {
    const { status, stdout, stderr } = spawnSync('git', args, { cwd, env, maxBuffer: 2 ** 30 });
    if (status !== 0) throw new Error(stderr.toString());
    return stdout;
  };
  const info = (name: string): ObjectInfo | undefined => {
    const { stdout } = spawnSync('git', ['cat-file', '--batch-check'], {
      cwd,
      env,
      input: `${name}\n`,
    });
    const [oid = '', kind = '', size] = stdout.toString().trim().split(' ');
    const parsed = parseOid(oid);
    if (parsed === undefined || kind === 'missing') return undefined;
    return { oid: parsed, kind: kind as ObjectKind, size: Number(size) };
  };
  const bytes = (oid: Oid): Buffer => run(['cat-file', info(oid)?.kind ?? 'blob', oid]);
  return {
    resolve: (revision) => found(info(revision)),
    commitOf: async (revision) => (await found(info(`${revision}^{commit}`))).oid,
    info: (oid) => Promise.resolve(info(oid)),
    at: (treeish, path) =>
      Promise.resolve(info(`${treeish}:${Buffer.from(path, 'latin1').toString()}`)),
    commits: (oids) => Promise.resolve(oids.map((oid) => commitOf(oid, bytes(oid).toString()))),
    tag: (oid) => Promise.resolve(tagOf(oid, bytes(oid).toString())),
    bytes: (oid) => Promise.resolve(bytes(oid)),
  };
}

function found(info: ObjectInfo | undefined): Promise<ObjectInfo> {
  return info === undefined ? Promise.reject(new Error('revision.unknown')) : Promise.resolve(info);
}

function headersOf(text: string): { headers: (name: string) => string[]; message: string } {
  const end = text.indexOf('\n\n');
  const lines = text.slice(0, end).split('\n');
  return {
    headers: (name) =>
      lines
        .filter((line) => line.startsWith(`${name} `))
        .map((line) => line.slice(name.length + 1)),
    message: text.slice(end + 2),
  };
}

function commitOf(oid: Oid, text: string): Commit {
  const { headers, message } = headersOf(text);
  const [subject = '', ...body] = message.split('\n\n');
  return {
    oid,
    tree: headers('tree')[0] as Oid,
    parents: headers('parent') as Oid[],
    author: personOf(headers('author')[0]),
    committer: personOf(headers('committer')[0]),
    subject: subject.trim().replaceAll('\n', ' '),
    body: body.join('\n\n').trimEnd(),
    signed: false,
  };
}

function tagOf(oid: Oid, text: string): Tag {
  const { headers, message } = headersOf(text);
  return {
    oid,
    target: headers('object')[0] as Oid,
    kind: headers('type')[0] as ObjectKind,
    name: headers('tag')[0] ?? '',
    tagger: personOf(headers('tagger')[0]),
    message,
    signed: false,
  };
}

function personOf(line = ''): Person {
  const [, name = '', email = '', seconds = '0'] = /^(.*?) ?<(.*)> (\d+) /.exec(line) ?? [];
  const at = new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z');
  return { name, email, at, seconds: Number(seconds) };
}
