import { verifies } from '@secure-mcp/testkit';
import { afterAll, describe, expect, test } from 'vitest';

import { parseAttributes } from '../../../src/guard/layout/index.ts';
import { emptyRepository, runGit } from '../git.ts';

describe('attributes', () => {
  test.each([
    ['', [], [], [], false],
    ['*.bin filter=lfs diff=lfs merge=lfs -text', ['lfs'], ['lfs'], ['lfs'], false],
    ['# * filter=x', [], [], [], false],
    ['* -filter !diff merge', [], [], [], false],
    ['"a b filter=x" diff=y', [], ['y'], [], false],
    ['"a\\" filter=x" diff=y', [], ['y'], [], false],
    ['[attr]mine filter=x', ['x'], [], [], false],
    ['  *.c\tdiff=cpp  filter=a\r\n*.d filter=b', ['a', 'b'], ['cpp'], [], false],
    ['* merge=union', [], [], [], false],
    ['* working-tree-encoding=UTF-16', [], [], [], true],
    ['* filter=', [], [], [], false],
    ['filter=x', [], [], [], false],
    [`* ${'a '.repeat(1500)} filter=x`, [], [], [], false],
  ])('%j', (text, filters, diffs, merges, reencodes) => {
    const facts = parseAttributes(text);
    expect([...facts.filters]).toEqual(filters);
    expect([...facts.diffs]).toEqual(diffs);
    expect([...facts.merges]).toEqual(merges);
    expect(facts.reencodes).toBe(reencodes);
  });

  test('a million drivers take no memory', () => {
    const lines = Array.from({ length: 200_000 }, (_, at) => `* filter=f${String(at)}`);
    expect(parseAttributes(lines.join('\n')).filters.size).toBe(256);
  });

  const repository = emptyRepository();
  afterAll(() => repository.remove());
  test.each([
    '* filter=x',
    '"*" filter=x',
    '* text filter=x',
    '*\tfilter=x',
    '* filter=x\r',
    '\ufeff* filter=x',
    '  * filter=x',
    '*\vfilter=x',
    '*\ffilter=x',
    '[attr]m filter=x\n* m',
    '"*"filter=x',
    '"* filter=x',
    '"\\q" filter=x\n* filter=x',
  ])(verifies('C6.travelling', 'a driver that git sees in %j is seen'), (text) => {
    repository.write('.gitattributes', text);
    const { out } = runGit(repository.path, ['check-attr', 'filter', '--', 'a']);
    const [, seen = ''] = /: filter: (.*)$/m.exec(out.trim()) ?? [];
    if (seen === 'unspecified') return;
    // What stands behind the name is git's: it takes a carriage return for a part of it.
    expect([...parseAttributes(text).filters].some((name) => seen.startsWith(name))).toBe(true);
  });
});
