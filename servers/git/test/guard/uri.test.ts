import { verifies } from '@secure-mcp/testkit';
import { Refusal } from '@secure-mcp/validation';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  blobUri,
  commitUri,
  diffUri,
  isUri,
  labelOf,
  parseOid,
  parseRevision,
  parseUri,
  textFromTreePath,
  treePathFromBytes,
} from '../../src/guard/index.ts';
import { likePaths } from './texts.ts';

const OID = 'a'.repeat(40);

/** What a URI names, as texts. */
function read(uri: string): readonly string[] {
  const parsed = parseUri(uri);
  const repository = labelOf(parsed.repository);
  switch (parsed.kind) {
    case 'blob':
      return ['blob', repository, parsed.revision, textFromTreePath(parsed.path)];
    case 'commit':
      return ['commit', repository, parsed.oid];
    case 'diff':
      return ['diff', repository, parsed.base, parsed.head];
  }
}

describe('parseUri', () => {
  test.each([
    ['git://app/blob/HEAD/a/b.ts', ['blob', 'app', 'HEAD', 'a/b.ts']],
    ['git://app%2Fvendor/blob/feature%2Fx/a', ['blob', 'app/vendor', 'feature/x', 'a']],
    ['git://app/blob/main~2/a%20b', ['blob', 'app', 'main~2', 'a b']],
    ['git://app/blob/HEAD/100%25', ['blob', 'app', 'HEAD', '100%']],
    ['git://app/blob/HEAD/%252e%252e', ['blob', 'app', 'HEAD', '%2e%2e']],
    ['git://app/blob/HEAD/a/', ['blob', 'app', 'HEAD', 'a']],
    ['git://app/blob/HEAD/%5Cx%7BE9%7D', ['blob', 'app', 'HEAD', '\\x{E9}']],
    [`git://app/commit/${OID}`, ['commit', 'app', OID]],
    ['git://app/diff/main...feature%2Fx', ['diff', 'app', 'main', 'feature/x']],
    ['git://app/diff/v1.0...v1.1', ['diff', 'app', 'v1.0', 'v1.1']],
  ])(verifies('C3.uris', '%s is decoded once'), (uri, parts) => {
    expect(read(uri)).toEqual(parts);
  });

  test.each([
    'git:app/blob/HEAD/a',
    'GIT://app/blob/HEAD/a',
    'file:///etc/passwd',
    'git:///blob/HEAD/a',
    'git://user@app/blob/HEAD/a',
    'git://app:80/blob/HEAD/a',
    'git://..%2Fapp/blob/HEAD/a',
    'git://app%2F..%2Fother/blob/HEAD/a',
    'git://app%2F.git/blob/HEAD/a',
    'git://app%252Fx/blob/HEAD/a',
    'git://app/blob',
    'git://app/blob/HEAD',
    'git://app/blob/HEAD/',
    'git://app/blob/HEAD/.',
    'git://app/blob//a',
    'git://app/blob/HEAD/../a',
    'git://app/blob/HEAD/%2e%2e/a',
    'git://app/blob/HEAD/a%2fb',
    'git://app/blob/HEAD/..%2f..%2fetc',
    'git://app/blob/HEAD/a//b',
    'git://app/blob/HEAD/%00',
    'git://app/blob/HEAD/%',
    'git://app/blob/HEAD/%ff',
    'git://app/blob/HEAD/.git/config',
    'git://app/blob/HEAD/a?b',
    'git://app/blob/HEAD/a#b',
    'git://app/blob/--output=x/a',
    'git://app/blob/HEAD%3A/a',
    'git://app/blob/%2E%2E/a',
    'git://app/commit/HEAD',
    `git://app/commit/${OID}/x`,
    `git://app/commit/${OID}%0A`,
    'git://app/commit/',
    'git://app/diff/a..b',
    'git://app/diff/a...b...c',
    'git://app/diff/a....b',
    'git://app/diff/...b',
    'git://app/diff/a...',
    'git://app/diff/a...b/c',
    'git://app/diff/a...--output=x',
    'git://app/log/HEAD',
    'git://app',
    'git://app/blob/HEAD/'.padEnd(16_385, 'a'),
  ])(verifies('C3.uris', '%s is refused'), (uri) => {
    expect(() => parseUri(uri)).toThrow(Refusal);
  });

  test('each kind knows its own', () => {
    expect(isUri('blob', 'git://app/blob/x')).toBe(true);
    expect(isUri('commit', 'git://app/blob/x')).toBe(false);
    expect(isUri('blob', 'pg://app/blob/x')).toBe(false);
    expect(isUri('diff', 'git://app')).toBe(false);
  });
});

test('a URI that is written can be read', () => {
  const oid = parseOid(OID);
  if (oid === undefined) throw new Error('no name');
  expect(read(commitUri('app/x y', oid))).toEqual(['commit', 'app/x y', OID]);
  expect(read(diffUri('app', 'a/b', 'ü~1'))).toEqual(['diff', 'app', 'a/b', 'ü~1']);
  fc.assert(
    fc.property(likePaths, (bytes) => {
      const path = treePathFromBytes(bytes);
      if (path === undefined) return;
      const shown = textFromTreePath(path);
      expect(read(blobUri('app', parseRevision('a/b^'), shown))).toEqual([
        'blob',
        'app',
        'a/b^',
        shown,
      ]);
    }),
    { numRuns: 5000 },
  );
});

test('no text makes it fail otherwise than by a refusal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      for (const uri of [text, `git://app/${text}`, `git://app/blob/${text}`]) {
        try {
          parseUri(uri);
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal);
        }
      }
    }),
    { numRuns: 5000 },
  );
});
