import { inspect } from 'node:util';

import { verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type ConnectionTarget, parseConnectionUrl, type TlsChoice } from '../../src/guard/dsn.ts';

const SECRET = 'Tr0ub4dor&3-very-secret';

function target(url: string, tls?: TlsChoice): ConnectionTarget {
  const parsed = parseConnectionUrl(url, tls);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.target;
}

function problem(url: string, tls?: TlsChoice): string {
  const parsed = parseConnectionUrl(url, tls);
  return parsed.ok ? 'none' : parsed.problem;
}

describe('a connection URL', () => {
  test('is taken apart, and each part is decoded once', () => {
    const { host, port, user, database, password, encryption } = target(
      'postgresql://r%40d:p%40%2Fss%2525@db.example.org:6543/my%20shop',
    );
    expect({ host, port, user, database, password, encryption }).toEqual({
      host: 'db.example.org',
      port: 6543,
      user: 'r@d',
      database: 'my shop',
      password: 'p@/ss%25',
      encryption: 'tls',
    });
  });

  test.each([
    ['postgres://u@localhost/d', { host: 'localhost', port: 5432, password: undefined }],
    ['postgres://u:@localhost/d', { password: undefined }],
    ['postgres://u@[::1]:5433/d', { host: '::1', port: 5433, encryption: 'local' }],
    ['postgres://u@%2Fvar%2Frun%2Fpostgresql/d', { host: '/var/run/postgresql' }],
    [
      'postgres://u@/d?host=/var/run/postgresql',
      { host: '/var/run/postgresql', encryption: 'local' },
    ],
    ['postgres://u@h/d\n', { host: 'h' }],
  ])('%j is understood', (url, expected) => {
    const found = target(url);
    for (const [name, value] of Object.entries(expected))
      expect([name, Reflect.get(found, name)]).toEqual([name, value]);
  });

  test.each([
    '',
    'mysql://u@h/d',
    'POSTGRES://u@h/d',
    'postgres:u@h/d',
    ' postgres://u@h/d',
    'postgres://u@h/d ',
    'postgres://u@h/d#fragment',
    'postgres://h/d',
    'postgres://:p@h/d',
    'postgres://u@h',
    'postgres://u@h/',
    'postgres://u@/d',
    'postgres://u@h/d/e',
    'postgres://u@h1,h2/d',
    'postgres://u@h:1,h2:2/d',
    'postgres://u@h:0/d',
    'postgres://u@h:65536/d',
    'postgres://u@h:05432/d',
    'postgres://u@h:/d',
    'postgres://u@-h/d',
    'postgres://u@h..i/d',
    'postgres://u@h_%0a/d',
    'postgres://u@[::1/d',
    'postgres://u@[fe80::1%25eth0]/d',
    'postgres://u@h/d?sslmode',
    'postgres://u@h/d?sslmode=a=b',
    'postgres://u@h/d?sslmode=verify-full&sslmode=verify-full',
    'postgres://u@h/d?host=/tmp',
    'postgres://u@/d?host=relative',
    'postgres://u%@h/d',
    'postgres://u%zz@h/d',
    'postgres://u%ff@h/d',
    'postgres://u%00@h/d',
    'postgres://u@h/d%00x',
    'postgres://u:p%0a@h/d',
    `postgres://u@h/${'d'.repeat(5000)}`,
  ])(verifies('C6.configuration', '%j is refused'), (url) => {
    expect(parseConnectionUrl(url).ok).toBe(false);
  });

  test(
    verifies('C6.configuration', 'a parameter that is not known is named, its value is not'),
    () => {
      expect(problem(`postgres://u@h/d?options=${SECRET}`)).toContain('options');
      expect(problem(`postgres://u@h/d?sslmod=${SECRET}`)).toContain('sslmod,');
      expect(problem('postgres://u@h/d?channel_binding=require')).toContain('remove it');
      for (const name of ['options', 'password', 'sslkey', 'xyz'])
        expect(problem(`postgres://u@h/d?${name}=${SECRET}`)).not.toContain(SECRET);
    },
  );

  test(
    verifies(
      'C8.no-leak',
      'no problem holds a piece of a password, wherever its characters move the borders',
    ),
    () => {
      const awkward = fc.string({
        unit: fc.constantFrom(...'aZ9@:/?#%&=[] .,\\\n'.split('')),
        minLength: 1,
        maxLength: 12,
      });
      fc.assert(
        fc.property(awkward, awkward, (before, after) => {
          const text = problem(`postgres://ursula:${before}hunter2${after}@db.example.org/shop`);
          expect(text).not.toMatch(/hunter|ursula|example|shop/);
        }),
        { numRuns: 2000 },
      );
    },
  );
});

describe('encryption', () => {
  test.each<[string, TlsChoice | undefined, string]>([
    ['postgres://u@db.example.org/d', undefined, 'tls'],
    ['postgres://u@10.0.0.1/d', undefined, 'tls'],
    ['postgres://u@10.0.0.1/d?sslmode=verify-full', undefined, 'tls'],
    ['postgres://u@10.0.0.1/d', 'unsafe-off', 'off'],
    ['postgres://u@10.0.0.1/d?sslmode=disable', 'unsafe-off', 'off'],
    ['postgres://u@127.0.0.1/d', undefined, 'local'],
    ['postgres://u@127.0.0.1/d', 'unsafe-off', 'local'],
    ['postgres://u@localhost/d?sslmode=disable', 'verify-full', 'local'],
    ['postgres://u@localhost/d?sslmode=verify-full', undefined, 'tls'],
    ['postgres://u@127.1/d', undefined, 'tls'],
    ['postgres://u@2130706433/d', undefined, 'tls'],
    ['postgres://u@0.0.0.0/d', undefined, 'tls'],
    ['postgres://u@127.0.0.1.example.org/d', undefined, 'tls'],
    ['postgres://u@localhost.example.org/d', undefined, 'tls'],
  ])(verifies('C5.database-tls', '%s with %s is %s'), (url, tls, expected) => {
    expect(target(url, tls).encryption).toBe(expected);
  });

  test.each<[string, TlsChoice | undefined, string]>([
    ['postgres://u@db.example.org/d?sslmode=disable', undefined, 'not this machine'],
    ['postgres://u@db.example.org/d?sslmode=disable', 'verify-full', 'not this machine'],
    ['postgres://u@db.example.org/d?sslmode=require', undefined, 'without checking who answers'],
    ['postgres://u@db.example.org/d?sslmode=verify-ca', undefined, 'authority'],
    ['postgres://u@db.example.org/d?sslmode=prefer', undefined, 'falls back'],
    ['postgres://u@db.example.org/d?sslmode=allow', 'unsafe-off', 'prefers no encryption'],
    ['postgres://u@db.example.org/d?sslmode=constructor', undefined, 'not known'],
    ['postgres://u@db.example.org/d?sslmode=', undefined, 'not known'],
    ['postgres://u@db.example.org/d?sslmode=verify-full', 'unsafe-off', 'unsafe-off'],
    ['postgres://u@%2Ftmp/d?sslmode=verify-full', undefined, 'Unix socket'],
  ])(
    verifies('C5.database-tls', 'C6.configuration', '%s with %s is refused: %s'),
    (url, tls, why) => {
      expect(problem(url, tls)).toContain(why);
    },
  );
});

test(verifies('C8.no-leak', 'nothing of a target shows, however it is printed'), () => {
  const hidden = target(`postgres://ursula:${encodeURIComponent(SECRET)}@db.example.org/shop`);
  expect(hidden.password).toBe(SECRET);
  const shown = [
    JSON.stringify({ hidden, list: [hidden] }),
    inspect({ hidden }, { depth: 9 }),
    inspect(hidden, { showHidden: true }),
    JSON.stringify({ ...hidden }),
    JSON.stringify(Object.entries(hidden)),
    JSON.stringify(structuredClone({ ...hidden })),
  ].join('\n');
  expect(shown).not.toMatch(/Tr0ub|db\.example|shop|ursula/);
});
