import { lockSurface } from '@secure-mcp/runtime';
import { brokenRules, openParts, textsOf, verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { prompts, resources, tools } from '../../src/tools/index.ts';

const surface = lockSurface({ instructions: '', tools, resources, prompts });
const BYTES_MAX = 12_288;

describe('what a client is told', () => {
  test(`all tools together take at most ${String(BYTES_MAX)} bytes`, () => {
    const listed = JSON.stringify({ tools: surface.tools });
    expect(Buffer.byteLength(listed)).toBeLessThanOrEqual(BYTES_MAX);
  });

  test(verifies('C11.rules', 'nothing that a description may not hold'), () => {
    expect(brokenRules(textsOf({ ...surface, digest: '' }, 'git'))).toEqual([]);
  });

  test(verifies('C1.bounds', 'every input has a ceiling'), () => {
    expect(surface.tools.flatMap(({ name, inputSchema }) => openParts(inputSchema, name))).toEqual(
      [],
    );
  });

  test('every tool only reads, and says so', () => {
    expect(surface.tools).toHaveLength(14);
    for (const { annotations } of surface.tools) {
      expect(annotations).toEqual({
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      });
    }
    expect(new Set([...tools, ...resources, ...prompts].map(({ scope }) => scope))).toEqual(
      new Set(['repositories:read']),
    );
  });

  test('patches and texts of files are listed in no output', () => {
    for (const { outputSchema } of surface.tools) {
      const fields = Object.keys(Object(outputSchema['properties']));
      expect(fields).not.toContain('patch');
      expect(fields).not.toContain('text');
    }
    const textOnly = tools.flatMap(({ name, textOnly: only }) => only.map((f) => `${name}.${f}`));
    expect(textOnly.toSorted()).toEqual([
      'git_blame.text',
      'git_diff.patch',
      'git_file.text',
      'git_show.patch',
      'git_show.text',
    ]);
  });
});

/** Answers that hold more than their schema declares, each in an entry of a list that is listed in short. */
const MORE: readonly (readonly [name: string, output: object])[] = [
  ['git_log', { truncated: false, commits: [{ oid: 'a', subject: 'b', host: '/srv' }] }],
  [
    'git_log',
    {
      truncated: false,
      commits: [{ oid: 'a', subject: 'b', files: [{ path: 'a', kind: 'added', host: '/srv' }] }],
    },
  ],
  ['git_repos', { truncated: false, repositories: [{ repo: 'app', path: '/srv/app' }] }],
  ['git_audit', { refused: false, truncated: false, findings: [{ id: 'a', value: 'secret' }] }],
  ['git_file', { truncated: false, file: { path: 'a', oid: 'b', kind: 'file', host: '/srv' } }],
  ['git_show', { kind: 'commit', oid: 'a', truncated: false, commit: { oid: 'a', host: '/srv' } }],
  ['git_tree', { truncated: false, entries: [{ path: 'a', kind: 'file', oid: 'b', host: 'x' }] }],
];

test.each(MORE)(
  verifies('E6.undeclared', '%s: an entry with a field that is not declared does not leave'),
  (name, output) => {
    const tool = tools.find((candidate) => candidate.name === name);
    expect(tool?.output.parse(output).ok).toBe(false);
  },
);

test('the same answers without that field are fine', () => {
  const without = (value: unknown): unknown =>
    JSON.parse(
      JSON.stringify(value, (key, member: unknown) =>
        ['host', 'value'].includes(key) ? undefined : member,
      ),
    );
  const fitting = MORE.filter(([name]) => ['git_log', 'git_file', 'git_tree'].includes(name));
  for (const [name, output] of fitting) {
    const tool = tools.find((candidate) => candidate.name === name);
    expect([name, tool?.output.parse(without(output))]).toMatchObject([name, { ok: true }]);
  }
});
