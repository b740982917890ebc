import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import type { Verified } from '@secure-mcp/auth';
import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { openRevocations } from '../../src/http/revocation-feed.ts';
import { createReloads } from '../../src/reload/reloads.ts';
import { memoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';

const temp = makeTemp();
const opened: { close(): void }[] = [];
afterEach(() => opened.splice(0).forEach((one) => one.close()));
afterAll(() => temp.remove());

let number = 0;

/** One replica, with a list of its own, and what it told. */
async function openFeed(store: Store, revoked: readonly object[]) {
  const file = temp.write(`revocations-${String((number += 1))}.json`, listOf(revoked));
  const told: string[] = [];
  const quiet = (): undefined => undefined;
  const reloads = createReloads();
  const feed = await openRevocations({
    file,
    shared: store,
    reloads,
    listeners: {
      onReloaded: (what) => void told.push(`${what} is good`),
      onFailed: (what, reason) => void told.push(`${what}: ${reason}`),
    },
    onHeard: (count) => void told.push(`${String(count)} heard`),
    logger: { debug: quiet, info: quiet, warn: quiet, error: quiet, flush: async () => undefined },
  });
  opened.push(feed, reloads);
  return { ...feed, told, reloads, isRevoked: (id: string) => feed.current().isRevoked(named(id)) };
}

function listOf(revoked: readonly object[]): string {
  return JSON.stringify({ version: 1, revoked });
}

function named(id: string): Verified {
  return {
    principal: { id, kind: 'service', scopes: new Set() },
    method: 'api-key',
    expiresAt: Infinity,
  };
}

/** Ids of people at an issuer, as long as they are. */
const principals = (count: number, name = 'user') =>
  Array.from({ length: count }, (_, at) => ({
    principal: `https://as.example|${name}-${String(at)}`,
  }));

async function until(look: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!look()) {
    if (performance.now() > end) throw new Error('it did not come');
    await pause(50);
  }
}

describe('a list of revocations', () => {
  test(
    verifies('C13.revoked', 'the longest list that a file may hold is known to every replica'),
    async () => {
      const store = memoryStore();
      await openFeed(store, principals(10_000));
      // The list before it, as it is remembered after a change.
      await openFeed(store, principals(10_000, 'former'));
      const other = await openFeed(store, []);
      expect(other.isRevoked('https://as.example|user-9999')).toBe(true);
      expect(other.isRevoked('https://as.example|former-9999')).toBe(true);
      expect(other.isRevoked('https://as.example|user-10000')).toBe(false);
      expect(other.told).toEqual(['20000 heard']);
    },
  );

  test(
    verifies(
      'C13.revoked',
      'the longest list of tokens, each with its end, is one that a file may hold',
    ),
    async () => {
      const ends = new Date(Date.now() + 86_400_000).toISOString();
      const tokens = Array.from({ length: 10_000 }, () => ({
        issuer: 'https://login.example/realms/people',
        tokenId: randomUUID(),
        until: ends,
      }));
      const feed = await openFeed(memoryStore(), [...tokens.slice(1), { principal: 'mallory' }]);
      expect(feed.isRevoked('mallory')).toBe(true);
    },
  );

  test(verifies('C13.revoked', 'a longer list is refused, and says by how much'), async () => {
    await expect(openFeed(memoryStore(), principals(10_001))).rejects.toThrow(
      '--revocations: revoked: must hold at most 10000 entries',
    );
    const long = { issuer: '\u0001'.repeat(512), subject: '\u0001'.repeat(512) };
    await expect(openFeed(memoryStore(), [long])).rejects.toThrow('at most 4096 characters');
  });

  test(
    verifies('C13.revoked', 'the longest entry that a file may hold is known to every replica'),
    async () => {
      const store = memoryStore();
      const [issuer, subject] = ['i'.repeat(512), 's'.repeat(512)];
      await openFeed(store, [{ issuer, subject }, { principal: 'mallory' }]);
      const other = await openFeed(store, []);
      expect(other.isRevoked('mallory')).toBe(true);
      const principal = { ...named('any').principal, issuer, subject };
      expect(other.current().isRevoked({ ...named('any'), principal })).toBe(true);
    },
  );
});

describe('replicas', () => {
  test(
    verifies('C13.revoked', 'a replica that cannot tell hears the others, and is not ready'),
    async () => {
      const store = memoryStore();
      const ends = Date.now() + 9000;
      const full = Array.from({ length: 20_000 }, (_, at) => ({
        text: JSON.stringify({ principal: `other-${String(at)}` }),
        until: ends,
      }));
      await store.publish(full);
      const feed = await openFeed(store, [{ principal: 'mallory' }]);
      expect(feed.isRevoked('other-19999')).toBe(true);
      await until(() => !feed.reloads.healthy);
      expect(feed.reloads.unhealthy).toEqual(['--store']);
      // Told once, and once that it is over.
      await until(() => feed.reloads.healthy);
      expect(feed.told).toEqual([
        '20000 heard',
        '--store: revocations cannot be told to the other replicas',
        '--store is good',
      ]);
      const other = await openFeed(store, []);
      expect(other.isRevoked('mallory')).toBe(true);
    },
  );

  test(
    verifies('C13.revoked', 'what another replica revokes is recorded once, and its own is not'),
    async () => {
      const store = memoryStore();
      const first = await openFeed(store, [{ principal: 'own' }]);
      await openFeed(store, principals(3));
      await until(() => first.isRevoked('https://as.example|user-2'));
      await pause(1000);
      expect(first.told).toEqual(['3 heard']);
    },
  );
});
