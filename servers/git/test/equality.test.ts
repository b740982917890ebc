import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';

import { connect, gitFixtures, makeTemp, type TestClient, treeDigest } from '@secure-mcp/testkit';
import { textFromByteString, toVisible } from '@secure-mcp/validation';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';

import { bundle } from './bundle.ts';

const temp = makeTemp();
const layouts = gitFixtures.buildOrdinary(join(temp.path, 'layouts'));
const built = layouts.filter(({ needs }) => needs === undefined);
let client: TestClient;

beforeAll(async () => {
  // One root around all of them: a linked work tree and borrowed objects lie next to their owners.
  const roots = [`all=${join(temp.path, 'layouts')}`, ...bareRoots()];
  client = await connect('v2 modern', bundle(...roots, '--rate-limit', '1000000/1'));
});
afterAll(async () => {
  await client.close();
  temp.remove();
});

/** A bare repository is served only by its own name. */
function bareRoots(): readonly string[] {
  return built.filter(({ name }) => name === 'bare').map(({ path }) => `bare=${path}`);
}

const answers = z.record(z.string(), z.unknown());
const list = z.array(answers);

async function ask(name: string, tool: string, args: object = {}) {
  const repo = name === 'bare' ? 'bare' : `all/${name}`;
  const answer = await client.call(tool, { repo, ...args });
  if (answer.isError) throw new Error(`${tool}: ${answer.text}`);
  return answer;
}

/** What plain git prints, as its bytes. Undefined where it fails. */
function plain(path: string, ...args: readonly string[]): string | undefined {
  const { output, status } = gitFixtures.plainGit(path, args);
  return status === 0 ? output.toString('latin1') : undefined;
}

function fields(text: string | undefined): readonly string[] {
  const pieces = (text ?? '').split('\0');
  return pieces.at(-1) === '' ? pieces.slice(0, -1) : pieces;
}

const uriOf = (name: string): string =>
  `git://${name === 'bare' ? 'bare' : encodeURIComponent(`all/${name}`)}`;
const asPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
const visible = textFromByteString;
const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');

/** Entries of porcelain v2, in the words of `git_status`. */
function plainStatus(text: string | undefined): readonly string[] {
  const entries: string[] = [];
  const pieces = fields(text);
  for (let at = 0; at < pieces.length; at += 1) {
    const piece = pieces[at] ?? '';
    const [kind, states = ''] = piece.split(' ');
    if (kind === '1') entries.push(`${states} ${visible(piece.split(' ').slice(8).join(' '))}`);
    if (kind === 'u') entries.push(`${states} ${visible(piece.split(' ').slice(10).join(' '))}`);
    if (kind === '?') entries.push(`?? ${visible(piece.slice(2))}`);
    if (kind === '2') {
      at += 1;
      const path = visible(piece.split(' ').slice(9).join(' '));
      entries.push(`${states} ${path} <- ${visible(pieces[at] ?? '')}`);
    }
  }
  return entries.toSorted();
}

const LETTERS: Readonly<Record<string, string>> = {
  added: 'A',
  deleted: 'D',
  modified: 'M',
  renamed: 'R',
  copied: 'C',
  'type changed': 'T',
};

function ourStatus(entries: unknown): readonly string[] {
  return list
    .parse(entries)
    .map(({ path, from, staged, unstaged, conflict, untracked }) => {
      const letter = (state: unknown): string => LETTERS[String(state)] ?? '.';
      const states =
        untracked === true ? '??' : String(conflict ?? `${letter(staged)}${letter(unstaged)}`);
      return `${states} ${String(path)}${from === undefined ? '' : ` <- ${String(from)}`}`;
    })
    .toSorted();
}

const all = built.map((layout) => [layout.name, layout] as const);
const withWorkTree = all.filter(([name]) => name !== 'bare');
const withCommits = all.filter(([name]) => name !== 'empty');

describe.each(all)('%s', (name, { path }) => {
  test('log says what plain git says', async () => {
    const { structured } = await ask(name, 'git_log', { limit: 200, detail: 'message' });
    const form = '--format=%H%x00%P%x00%an%x00%ae%x00%at%x00%s%x00%b%x00';
    const told = fields(plain(path, '-c', 'i18n.logOutputEncoding=UTF-8', 'log', '-200', form));
    const commits = [];
    for (let at = 0; at + 6 < told.length; at += 7) {
      const [oid = '', parents = '', author = '', email = '', seconds, subject = '', body = ''] =
        told.slice(at, at + 7);
      commits.push({
        oid: oid.trim(),
        parents: parents === '' ? [] : parents.split(' '),
        author: visible(author),
        email,
        seconds: Number(seconds),
        subject: utf8(subject),
        body: utf8(body).trimEnd(),
      });
    }
    const ours = list.parse(structured['commits']).map((commit) => ({
      oid: commit['oid'],
      parents: commit['parents'] ?? [],
      author: commit['author'],
      email: commit['email'],
      seconds: Date.parse(String(commit['at'])) / 1000,
      subject: commit['subject'],
      body: commit['body'] ?? '',
    }));
    expect(ours).toEqual(commits);
  });

  test('refs are those of plain git', async () => {
    const { structured } = await ask(name, 'git_refs', { limit: 200 });
    const form = '--format=%(refname)%00%(objectname)%00%(objecttype)%00%(upstream)';
    const told = (plain(path, 'for-each-ref', form) ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [ref = '', oid = '', type, upstream = ''] = line.split('\0');
        const peeled = type === 'tag' ? plain(path, 'rev-parse', `${oid}^{}`) : undefined;
        return [visible(ref), oid, peeled?.trim() ?? '', visible(upstream)];
      });
    const ours = list
      .parse(structured['refs'])
      .map(({ name: ref, oid, peeled = '', upstream = '' }) => [ref, oid, peeled, upstream]);
    expect(ours).toEqual(told);
  });

  test('reading it leaves every byte as it was', async () => {
    const before = treeDigest(path);
    for (const tool of ['git_log', 'git_refs', 'git_reflog', 'git_audit']) await ask(name, tool);
    if (name !== 'bare') for (const tool of ['git_status', 'git_diff']) await ask(name, tool);
    expect(treeDigest(path)).toBe(before);
  });
});

describe.each(withWorkTree)('%s', (name, { path }) => {
  test('status says what plain git says', async () => {
    const { structured } = await ask(name, 'git_status', { untracked: 'all', limit: 200 });
    const words = ['status', '--porcelain=v2', '-z', '--untracked-files=all'];
    // What happens within a submodule, and what is checked out there, is not looked at; the answer says so.
    const text = plain(path, ...words, '--ignore-submodules=all');
    expect(ourStatus(structured['entries'])).toEqual(plainStatus(text));
    const { name: branch, ahead, behind } = Object(structured['branch']);
    expect(branch).toBe(plain(path, 'symbolic-ref', '--short', '-q', 'HEAD')?.trim());
    const distance = plain(path, 'rev-list', '--left-right', '--count', 'HEAD...@{upstream}');
    const told = distance === undefined ? undefined : [ahead, behind];
    expect(told).toEqual(distance?.trim().split('\t').map(Number));
  });
});

describe.each(withCommits)('%s', (name, { path }) => {
  test('the tree and its files are those of plain git', async () => {
    const { structured } = await ask(name, 'git_tree', { depth: 3, limit: 200 });
    const entries = list.parse(structured['entries']);
    const told = fields(plain(path, 'ls-tree', '-r', '-t', '-z', 'HEAD')).map((line) => {
      const [facts = '', ...rest] = line.split('\t');
      return [visible(rest.join('\t')), facts.split(' ')[2]];
    });
    const shallow = told.filter(([entry = '']) => entry.split('/').length <= 3);
    expect(entries.map(({ path: entry, oid }) => [entry, oid])).toEqual(shallow);
    for (const { path: file, oid, kind } of entries) {
      if (kind !== 'file' && kind !== 'executable') continue;
      const { structured: answer } = await ask(name, 'git_file', { path: file });
      expect(Object(answer['file']).oid).toBe(oid);
      const content = Buffer.from(plain(path, 'cat-file', 'blob', String(oid)) ?? '', 'latin1');
      if (content.includes(0) || !isUtf8(content)) continue;
      // A resource is the whole text, with what is hidden in it made visible.
      const [whole] = await client.read(`${uriOf(name)}/blob/HEAD/${asPath(String(file))}`);
      expect([file, whole?.['text']]).toEqual([file, toVisible(content.toString('utf8')).text]);
    }
  });

  test('a patch is that of plain git, byte for byte', async () => {
    if (plain(path, 'rev-parse', '--verify', '--quiet', 'HEAD~1') === undefined) return;
    const patch = Buffer.from(
      plain(path, 'diff', '--full-index', 'HEAD~1', 'HEAD') ?? '',
      'latin1',
    );
    const [, told] = await client.read(`${uriOf(name)}/diff/HEAD~1...HEAD`);
    // Bytes that are no text become U+FFFD in both.
    expect(told?.['text'] ?? '').toBe(toVisible(patch.toString('utf8')).text);
  });

  test('the reflog is that of plain git', async () => {
    const { structured } = await ask(name, 'git_reflog', { limit: 200 });
    const told = (plain(path, 'log', '-g', '--format=%H%x00%gs', 'HEAD') ?? '').split('\n');
    expect(
      list
        .parse(structured['entries'])
        .map(({ oid, message }) => `${String(oid)}\0${String(message)}`),
    ).toEqual(told.filter((line) => line !== '').map(utf8));
  });

  test('two branches part where plain git says', async () => {
    if (plain(path, 'rev-parse', '--verify', '--quiet', 'side^{commit}') === undefined) return;
    const { structured } = await ask(name, 'git_compare', { base: 'HEAD', head: 'side' });
    const counts = plain(path, 'rev-list', '--left-right', '--count', 'HEAD...side') ?? '';
    const [behind, ahead] = counts.trim().split('\t').map(Number);
    expect([Object(structured['behind']).count, Object(structured['ahead']).count]).toEqual([
      behind,
      ahead,
    ]);
  });

  test('lines are blamed and found as by plain git', async () => {
    const files = fields(plain(path, 'ls-tree', '-r', '-z', '--name-only', 'HEAD'));
    const file = files.find((entry) => /^[\w./-]+\.(?:md|ts|txt)$/.test(entry)) ?? '';
    const { structured } = await ask(name, 'git_blame', { path: file });
    const ours = list.parse(structured['hunks']).flatMap(({ oid, lines }) => {
      return Array.from({ length: Number(lines) }, () => String(oid));
    });
    const told = plain(path, 'blame', '--line-porcelain', 'HEAD', '--', file) ?? '';
    const heads = told.split('\n').filter((line) => /^[0-9a-f]{40,64} \d+ \d+/.test(line));
    expect(ours).toEqual(heads.map((line) => line.split(' ')[0]));

    const found = await ask(name, 'git_grep', { pattern: 'e', limit: 200 });
    const hits = list
      .parse(found.structured['lines'])
      .map(({ path: entry, line }) => `${String(entry)}:${String(line)}`);
    // A name with a line feed cannot be told from two lines here.
    const printed = plain(path, 'grep', '-n', '-z', '-I', '-F', 'e', 'HEAD') ?? '';
    const lines = [...printed.matchAll(/^HEAD:([^\0\n]+)\0(\d+)\0/gm)].map(
      ([, entry = '', number = '']) => `${visible(entry)}:${number}`,
    );
    const named = hits.filter((hit) => !hit.includes('\\u{A}'));
    expect(named).toEqual(lines.slice(0, 200));
  });

  test('authors are counted as plain git counts them', async () => {
    const { structured } = await ask(name, 'git_contributors', { limit: 200 });
    const ours = list
      .parse(structured['contributors'])
      .map(
        ({ name: who, email, commits }) => `${String(commits)} ${String(who)} <${String(email)}>`,
      );
    const told = (plain(path, 'shortlog', '-s', '-n', '-e', 'HEAD') ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => visible(line.trim()).replace(/\s+|\\u\{9\}/, ' '));
    expect(ours.toSorted()).toEqual(told.toSorted());
  });
});

describe.each(withWorkTree.filter(([name]) => name !== 'empty'))('%s', (name, { path }) => {
  test('diffs count as plain git counts', async () => {
    for (const [mode, words] of [
      ['unstaged', ['--ignore-submodules=all']],
      ['staged', ['--ignore-submodules=dirty', '--cached']],
      ['head', ['--ignore-submodules=all', 'HEAD']],
    ] as const) {
      const { structured } = await ask(name, 'git_diff', { mode, detail: 'summary', limit: 200 });
      const ours = list
        .parse(structured['files'])
        .filter(({ kind }) => kind !== 'unmerged')
        .map(({ path: file, added = '-', removed = '-' }) => [
          String(added),
          String(removed),
          String(file),
        ]);
      const flags = ['diff', '--numstat', '-z', ...words];
      // A file in conflict has as many counts as sides; here it has none, and says that it is one.
      const unmerged = new Set(
        fields(plain(path, 'diff', '--name-only', '--diff-filter=U', '-z')).map(visible),
      );
      const told = plainNumstat(plain(path, ...flags)).filter(
        ([, , file = '']) => !unmerged.has(file),
      );
      expect([mode, ours.filter(([, , file = '']) => !unmerged.has(file))]).toEqual([mode, told]);
    }
  });
});

function plainNumstat(text: string | undefined): readonly (readonly string[])[] {
  const told: string[][] = [];
  const pieces = fields(text);
  for (let at = 0; at < pieces.length; at += 1) {
    const [added = '', removed = '', path = ''] = (pieces[at] ?? '').split('\t');
    if (path !== '')
      told.push([added, removed, visible((pieces[at] ?? '').split('\t').slice(2).join('\t'))]);
    else {
      // A rename: its two names follow.
      told.push([added, removed, visible(pieces[at + 2] ?? '')]);
      at += 2;
    }
  }
  return told;
}

test('says which layouts this git cannot make', () => {
  const left = layouts.filter(({ needs }) => needs !== undefined);
  for (const { name, needs } of left) console.log(`not compared: ${name} needs ${String(needs)}`);
  expect(built.length + left.length).toBe(layouts.length);
});
