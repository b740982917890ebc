import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { configure } from './files.ts';
import { git, scrubbedEnvironment, SECONDS } from './run.ts';

export interface BigSize {
  readonly commits: number;
  readonly files: number;
}

const AUTHORS = 25;
const FILES_PER_DIRECTORY = 50;
const LINES = 40;
/** Each so many commits, a branch of `TOPIC_COMMITS` is merged. */
const TOPIC_EVERY = 10;
const TOPIC_COMMITS = 3;
const TAG_EVERY = 1000;

const WORDS =
  'value index result parse tree commit object reader cache entry state merge branch path name'.split(
    ' ',
  );

/**
 * Generates a large repository, packed, with its work tree checked out, and the same on all machines.
 *
 * `commits` counts all of them, those of the merged branches and the merges as well.
 */
export function buildBig(directory: string, size: BigSize): void {
  mkdirSync(directory, { recursive: true });
  git(directory, ['init', '--quiet', '--template=']);
  configure(directory, { 'user.name': 'Ada Author', 'user.email': 'ada@example.org' });
  const stream = join(directory, '.git/history');
  writeHistory(stream, size);
  const input = openSync(stream, 'r');
  const run = spawnSync(
    'git',
    ['-c', 'pack.compression=1', 'fast-import', '--quiet', '--depth=10'],
    {
      cwd: directory,
      env: scrubbedEnvironment(),
      stdio: [input, 'ignore', 'pipe'],
    },
  );
  closeSync(input);
  rmSync(stream);
  if (run.status !== 0) throw new Error(`git fast-import: ${run.stderr.toString()}`);
  git(directory, ['pack-refs', '--all']);
  git(directory, ['reset', '--quiet', '--hard']);
}

/** The history as a stream for `git fast-import`: it is far faster than any other door into git. */
function writeHistory(stream: string, { commits, files }: BigSize): void {
  const random = generator(1);
  const contents = Array.from({ length: files }, () => lines(random));
  const output = openSync(stream, 'w');
  const changed = (count: number): string =>
    Array.from({ length: count }, () => {
      const file = Math.floor(random() * files);
      const text = contents[file] ?? [];
      text[Math.floor(random() * LINES)] = line(random);
      return modification(file, text);
    }).join('');

  let mark = 1;
  writeSync(
    output,
    commit('main', mark, '') + contents.map((text, file) => modification(file, text)).join(''),
  );
  while (mark < commits) {
    mark += 1;
    const isTopic = mark % TOPIC_EVERY === 0 && mark + TOPIC_COMMITS < commits;
    if (isTopic) {
      const base = mark - 1;
      const topic = `topic-${String(mark % 20)}`;
      for (let step = 0; step < TOPIC_COMMITS; step += 1, mark += 1)
        writeSync(
          output,
          commit(topic, mark, step === 0 ? `from :${String(base)}\n` : '') + changed(1),
        );
      writeSync(
        output,
        commit('main', mark, `from :${String(base)}\nmerge :${String(mark - 1)}\n`),
      );
    } else writeSync(output, commit('main', mark, '') + changed(1 + (mark % 3)));
    if (mark % TAG_EVERY === 0)
      writeSync(output, `reset refs/tags/v${String(mark)}\nfrom :${String(mark)}\n\n`);
  }
  closeSync(output);
}

function commit(branch: string, mark: number, parents: string): string {
  const author = `Author ${String(mark % AUTHORS)} <author${String(mark % AUTHORS)}@example.org>`;
  const time = `${String(SECONDS + mark * 60)} +0000`;
  const message = `${parents.includes('merge') ? 'Merge' : 'Change'} ${String(mark)}: ${WORDS[mark % WORDS.length] ?? ''}\n\nThe reason of change ${String(mark)}.\n`;
  return `commit refs/heads/${branch}\nmark :${String(mark)}\nauthor ${author} ${time}\ncommitter ${author} ${time}\n${data(message)}${parents}`;
}

function modification(file: number, text: readonly string[]): string {
  const directory = `src/part-${String(Math.floor(file / FILES_PER_DIRECTORY))}`;
  return `M 100644 inline ${directory}/file-${String(file)}.ts\n${data(text.join(''))}`;
}

function data(text: string): string {
  return `data ${String(Buffer.byteLength(text))}\n${text}\n`;
}

function lines(random: () => number): string[] {
  return Array.from({ length: LINES }, () => line(random));
}

function line(random: () => number): string {
  const word = (): string => WORDS[Math.floor(random() * WORDS.length)] ?? '';
  return `const ${word()}${String(Math.floor(random() * 10_000))} = ${word()}.${word()}();\n`;
}

/** A small generator of numbers with a seed (mulberry32): a fixture must not depend on luck. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.trunc(state + 0x6d_2b_79_f5);
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
