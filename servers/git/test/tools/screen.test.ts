import { generateKeyPairSync } from 'node:crypto';

import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { lfsPointer } from '../../src/tools/files.ts';
import { screenPatch } from '../../src/tools/screen-patch.ts';
import { cut, oneLine } from '../../src/tools/words.ts';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const LINES = privateKey.trimEnd().split('\n');

function screened(patch: string): { text: string; hidden: number } {
  let hidden = 0;
  const text = screenPatch(patch, { secrets: 'redact', hide: (count) => (hidden += count) }) ?? '';
  return { text, hidden };
}

test(verifies('E6.keys', 'a hunk that begins within a key shows nothing of it'), () => {
  const [from, to] = [10, 20];
  for (const mark of [' ', '+', '-']) {
    const inside = LINES.slice(from, to);
    const end = LINES.slice(-3);
    for (const lines of [inside, inside.slice(0, 1), end]) {
      const { text, hidden } = screened(
        `@@ -10,10 +10,10 @@\n${lines.map((line) => mark + line).join('\n')}\n`,
      );
      const keyLines = lines.filter((line) => !line.startsWith('-----'));
      for (const line of keyLines) expect(text).not.toContain(line);
      expect(hidden).toBe(keyLines.length);
      expect(text.split('\n')).toHaveLength(lines.length + 2);
    }
  }
});

test.each([
  ['indented in YAML', (line: string) => `    ${line}`],
  ['indented far', (line: string) => `${' '.repeat(60)}${line}`],
  ['indented by tabs', (line: string) => `\t\t${line}`],
  ['in a comment', (line: string) => `  # ${line}`],
  ['in strings', (line: string) => `  "${line}\\n",`],
  ['with ends of Windows', (line: string) => `${line}\r`],
])(verifies('E6.keys', 'nothing of a key that is %s'), (_name, quote) => {
  const lines = LINES.slice(10, 20);
  for (const sign of [' ', '+', '-']) {
    const shown = lines.map((line) => `${sign}${quote(line)}`).join('\n');
    const { text, hidden } = screened(`@@ -10,10 +10,10 @@ key: |\n${shown}\n`);
    expect(lines.filter((line) => text.includes(line.slice(8, 24)))).toEqual([]);
    expect(hidden).toBe(lines.length);
    expect(text.split('\n')).toHaveLength(lines.length + 2);
  }
});

test(verifies('E6.keys', 'a key behind the end of something else, in one hunk'), () => {
  const certificate = ['-----BEGIN CERTIFICATE-----', LINES[3], '-----END CERTIFICATE-----'];
  for (const before of [certificate, [`"${certificate.join('\\n')}"`]]) {
    const lines = [...before, ...LINES.slice(10, 12)].map((line) => `+${line ?? ''}`);
    const { text, hidden } = screened(`@@ -1,5 +1,5 @@\n${lines.join('\n')}\n`);
    expect(hidden).toBe(2);
    expect(text).toContain(LINES[3]);
    expect(text).not.toContain(LINES[10]);
  }
});

describe(verifies('E6.redacted', 'E6.keys', 'the head of a hunk'), () => {
  const TOKEN = `ghp_${'Ab1'.repeat(12)}`;
  const MERGE = '@@@ -1,2 -1,2 +1,3 @@@';

  test.each([
    ['a line of a key', '@@ -9 +9 @@', LINES[9] ?? ''],
    ['the last line of a key', '@@ -9 +9 @@', 'MIIEvQIBADANBg=='],
    ['what git has cut', '@@ -9 +9 @@', `${'x'.repeat(41)}${TOKEN.slice(0, 39)}`],
    ['what git has cut of a merge', MERGE, TOKEN.slice(0, 39)],
  ])('does not show %s', (_name, place, above) => {
    expect(screened(`${place} ${above}\n+v\n`).text).toBe(`${place} …\n+v\n`);
  });

  test.each([
    ['@@ -9 +9 @@', 'export function somethingWithAName(of: Some): void {'],
    ['@@ -9 +9 @@', 'secret:'],
    [MERGE, 'class Short {'],
  ])('shows a whole line: %s %s', (place, above) => {
    const patch = `${place} ${above}\n+v\n`;
    expect(screened(patch)).toEqual({ text: patch, hidden: 0 });
  });
});

test('a hunk with the beginning of the key is left to the output policy', () => {
  const patch = `@@ -1,30 +1,30 @@\n${LINES.map((line) => `+${line}`).join('\n')}\n`;
  expect(screened(patch)).toEqual({ text: patch, hidden: 0 });
});

test.each([
  ['a digest', '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
  ['code', 'export function somethingThatHasAVeryLongName(of: Some, and: Other1): void {'],
  ['a long word', 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmn'],
  ['half of a line', LINES[4]?.slice(0, 40) ?? ''],
])('%s is no key', (_name, line) => {
  const patch = `@@ -1 +1 @@\n+${line}\n`;
  expect(screened(patch)).toEqual({ text: patch, hidden: 0 });
});

test('whoever may see secrets sees them', () => {
  const patch = `@@ -9 +9 @@\n+${LINES[9] ?? ''}\n`;
  expect(screenPatch(patch, { secrets: 'allow', hide: () => expect.unreachable() })).toBe(patch);
});

test('a pointer of Git LFS, and what only looks like one', () => {
  const oid = `sha256:${'0a'.repeat(32)}`;
  const pointer = `version https://git-lfs.github.com/spec/v1\noid ${oid}\nsize 12345\n`;
  expect(lfsPointer(pointer)).toEqual({ oid, size: 12_345 });
  expect(lfsPointer(`${pointer}more\n`)).toBeUndefined();
  expect(lfsPointer(`# ${pointer}`)).toBeUndefined();
});

test('a text is never cut within a character', () => {
  expect(cut('ab😀', 3)).toEqual({ text: 'ab', isCut: true });
  expect(cut('ab😀', 4)).toEqual({ text: 'ab😀', isCut: false });
});

test(verifies('E9.names', 'a name of several lines stands on one'), () => {
  expect(oneLine('Ada\n0123456789ab  forged')).toBe('Ada 0123456789ab  forged');
});
