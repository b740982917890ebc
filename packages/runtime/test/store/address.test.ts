import { describe, expect, test } from 'vitest';

import { parseStoreAddress } from '../../src/store/address.ts';

const NOBODY = { username: undefined, password: undefined };

describe('the address of a store', () => {
  test.each([
    ['redis://localhost', { host: 'localhost', port: 6379, db: 0, tls: false, ...NOBODY }],
    ['rediss://r.example:6380/3', { host: 'r.example', port: 6380, db: 3, tls: true, ...NOBODY }],
    ['redis://[::1]:7000/', { host: '::1', port: 7000, db: 0, tls: false, ...NOBODY }],
    [
      'redis://app:p%40ss%2Fword@10.0.0.1',
      { host: '10.0.0.1', port: 6379, db: 0, tls: false, username: 'app', password: 'p@ss/word' },
    ],
  ])('%s', (text, address) => {
    expect(parseStoreAddress(text)).toEqual({ ok: true, address });
  });

  test.each([
    'localhost:6379',
    'http://localhost',
    'redis://',
    '/run/redis.sock',
    // The driver would take options from there.
    'rediss://localhost?tls={"rejectUnauthorized":false}',
    'redis://localhost#hunter2',
    'redis://localhost/zero',
    'redis://localhost/0/1',
    'redis://localhost/12345',
    'redis://:hunter2%E0@localhost',
    'redis://user:hunter2@localhost:port',
  ])('%s is none, and the problem repeats nothing of it', (text) => {
    const parsed = parseStoreAddress(text);
    expect(parsed).toEqual({ ok: false, problem: expect.stringMatching(/^must /) });
    expect(JSON.stringify(parsed)).not.toContain('hunter2');
  });
});
