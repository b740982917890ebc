import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { isUnsafeRoot, parseRoot } from '../src/index.ts';

describe('parseRoot', () => {
  test.each([
    ['/srv/docs', { name: 'docs', path: '/srv/docs' }],
    ['/srv/My Docs', { name: 'my-docs', path: '/srv/My Docs' }],
    ['/srv/2024', { name: 'root-2024', path: '/srv/2024' }],
    ['site=/srv/docs', { name: 'site', path: '/srv/docs' }],
    ['/srv/a=b', { name: 'a-b', path: '/srv/a=b' }],
    ['site=/srv/../srv/docs/', { name: 'site', path: '/srv/docs' }],
  ])('%s', (text, root) => {
    expect(parseRoot(text)).toEqual(root);
  });

  test('a name is in lower case', () => {
    expect(parseRoot('Site=/srv/docs')).toBeUndefined();
  });
});

describe('isUnsafeRoot', () => {
  const homes = ['/links/user', '/home/user'];
  test.each(['/', 'C:\\', ...homes, '/home', '/links'])(
    verifies('C6.roots', '%s is not served by a slip'),
    (path) => {
      expect(isUnsafeRoot(path, homes)).toBe(true);
    },
  );

  test.each(['/home/user/project', '/srv/docs', '/home/user2'])('%s is served', (path) => {
    expect(isUnsafeRoot(path, homes)).toBe(false);
  });
});
