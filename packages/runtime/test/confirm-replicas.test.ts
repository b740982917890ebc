import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';

import { makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, describe, expect, test } from 'vitest';

import { memoryStore } from '../src/store/memory.ts';
import { redisStore } from '../src/store/redis.ts';
import type { Store } from '../src/store/store.ts';
import { type Replica, startReplica } from './replicas.ts';

const temp = makeTemp();
afterAll(() => temp.remove());

const ACCEPT = { confirm: { action: 'accept', content: { confirm: true } } };

/** Replicas that share a store and a key. */
function replicas(store: Store = memoryStore()): readonly [Replica, Replica] {
  const stateKey = randomBytes(32);
  return [startReplica({ store, stateKey }), startReplica({ store, stateKey })];
}

async function ask(replica: Replica, principal: string, file: string): Promise<object> {
  const asked = await replica.call(principal, { name: 'destroy', arguments: { file } });
  expect(asked.result).toMatchObject({ resultType: 'input_required' });
  const { requestState } = Object(asked.result);
  return { name: 'destroy', arguments: { file }, inputResponses: ACCEPT, requestState };
}

describe('questions of replicas', () => {
  test(
    verifies('E8.bound', 'a question of one may be answered at another, once among all'),
    async () => {
      const [first, second] = replicas();
      const file = temp.write('once', '');
      const answer = await ask(first, 'alice', file);
      expect((await second.call('alice', answer)).result).toMatchObject({ resultType: 'complete' });
      expect(existsSync(file)).toBe(false);

      for (const replica of [first, second]) {
        temp.write('once', '');
        const replayed = await replica.call('alice', answer);
        expect(replayed.result).toMatchObject({ resultType: 'input_required' });
        expect(existsSync(file)).toBe(true);
      }
    },
  );

  test(verifies('E8.bound', 'ten answers at the same time do it once'), async () => {
    const [first, second] = replicas();
    const file = temp.write('race', '');
    const answer = await ask(first, 'alice', file);
    await Promise.all(
      Array.from({ length: 10 }, (_, at) => (at % 2 === 0 ? first : second).call('alice', answer)),
    );
    const approvals = [...first.events, ...second.events].filter(
      ({ type }) => type === 'confirm.approved',
    );
    expect(approvals).toHaveLength(1);
    expect(existsSync(file)).toBe(false);
  });

  test(verifies('E8.bound', 'a question of one caller is not answered by another'), async () => {
    const [first, second] = replicas();
    const file = temp.write('others', '');
    const answer = await ask(first, 'alice', file);
    for (const replica of [first, second]) {
      expect((await replica.call('mallory', answer)).error?.code).toBe(-32_602);
      expect(existsSync(file)).toBe(true);
    }
    expect((await second.call('alice', answer)).result).toMatchObject({ resultType: 'complete' });
  });

  test(verifies('E8.bound', 'a replica with another key believes no answer'), async () => {
    const [first] = replicas();
    const [stranger] = replicas();
    const file = temp.write('stranger', '');
    const answer = await ask(first, 'alice', file);
    expect((await stranger.call('alice', answer)).error?.code).toBe(-32_602);
    expect(existsSync(file)).toBe(true);
  });

  test(
    verifies('E8.bound', 'another server that was given the same key believes no answer'),
    async () => {
      const shared = { store: memoryStore(), stateKey: randomBytes(32) };
      const one = startReplica({ ...shared, resource: 'https://one.example/mcp' });
      const other = startReplica({ ...shared, resource: 'https://other.example/mcp' });
      const file = temp.write('other', '');
      const answer = await ask(one, 'alice', file);
      expect((await other.call('alice', answer)).error?.code).toBe(-32_602);
      expect(existsSync(file)).toBe(true);
      expect((await one.call('alice', answer)).result).toMatchObject({ resultType: 'complete' });
    },
  );

  test(
    verifies('E8.bound', 'nothing is done while it cannot be known whether an answer was used'),
    async () => {
      const quiet = () => undefined;
      const store = await redisStore({
        // Nobody listens there.
        address: {
          host: '127.0.0.1',
          port: 1,
          tls: false,
          db: 0,
          username: undefined,
          password: undefined,
        },
        namespace: 'confirm',
        audit: { record: quiet },
        logger: {
          debug: quiet,
          info: quiet,
          warn: quiet,
          error: quiet,
          flush: async () => undefined,
        },
      });
      const [first] = replicas(store);
      const file = temp.write('unknown', '');
      const answer = await ask(first, 'alice', file);
      const { result } = await first.call('alice', answer);
      expect(JSON.stringify(result)).toContain('call.confirmation_unavailable: ');
      expect(existsSync(file)).toBe(true);
      await store.close();
    },
  );
});
