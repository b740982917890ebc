/** Three processes of one server that share a Redis: what one of them counts, uses up or learns holds for all. */
import {
  createWitness,
  type HttpProcess,
  makeTemp,
  verifies,
  type WireAnswer,
} from '@secure-mcp/testkit';
import {
  type AuthorizationServerUnderTest,
  startAuthorizationServer,
} from '@secure-mcp/testkit/authorization-server';
import {
  addKey,
  callRequest,
  makeProof,
  makeProofKey,
  recordsIn,
  soon,
  startOnFreePort,
  writeJson,
  writeSecret,
} from '@secure-mcp/testkit/http-contract';
import {
  containerRuntime,
  type RedisContainer,
  startRedisContainer,
} from '@secure-mcp/testkit/redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { servedFrom } from './http-served.ts';
import { type Passage, startPassage } from './loopback.ts';

/** The one URL that clients know, whichever replica they reach. */
const RESOURCE = 'https://files.example/mcp';
const REPLICAS = [0, 1, 2] as const;
/** Calls of a caller, within a window that no test outlives. */
const CALLS = 12;

const found = await startRedis();
const redis = typeof found === 'string' ? undefined : found;
const suite = typeof found === 'string' ? `left out, because ${found}` : 'replicas';

describe.skipIf(redis === undefined)(suite, () => {
  const temp = makeTemp();
  const contract = servedFrom(temp);
  const witness = createWitness();
  const keysFile = `${temp.path}/keys.json`;
  const auditOf = (replica: number): string => `${temp.path}/audit-${String(replica)}.jsonl`;
  let issuer: AuthorizationServerUnderTest;
  let passage: Passage;
  let replicas: readonly HttpProcess[] = [];
  const ports: number[] = [];

  beforeAll(async () => {
    const { scope } = contract;
    issuer = await startAuthorizationServer({ resources: { [RESOURCE]: { scope } } });
    await addKey(contract, keysFile, 'nobody');
    passage = await startPassage(() => ({
      host: redis?.host ?? '',
      port: redis?.port ?? 0,
    }));
    const password = writeSecret(temp, 'password', redis?.password ?? '');
    replicas = await Promise.all(
      REPLICAS.map((replica) =>
        startOnFreePort((port) => {
          ports[replica] = port;
          return contract.server(
            `--http=${String(port)}`,
            `--resource=${RESOURCE}`,
            `--issuer=${issuer.issuer}`,
            `--keys=${keysFile}`,
            `--revocations=${setRevoked(replica, [])}`,
            `--audit-log=${auditOf(replica)}`,
            `--store=redis://127.0.0.1:${String(passage.port)}`,
            `--store-password-file=${password}`,
            `--rate-limit=${String(CALLS)}/3600`,
            '--address-rate-limit=1000000/1',
            '--failure-limit=1000000/1',
          );
        }),
      ),
    );
  });
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.close()));
    await Promise.all([issuer.close(), passage.close(), redis?.close()]);
    temp.remove();
  });

  const setRevoked = (replica: number, revoked: readonly object[]): string =>
    writeJson(temp, `revocations-${String(replica)}.json`, { version: 1, revoked });

  /** Makes the call at one of them. */
  const call = (
    replica: number,
    authorization: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<WireAnswer> => {
    const url = new URL(`http://127.0.0.1:${String(ports[replica % REPLICAS.length])}/mcp`);
    return witness.send(callRequest(url, contract.call, authorization, { headers }));
  };
  const isGood = ({ text }: WireAnswer): boolean => text.includes(contract.call.holds);
  /** How many of so many calls are served, at each replica in turn. */
  const served = async (authorization: string, count: number): Promise<number> => {
    let good = 0;
    for (let index = 0; index < count; index += 1)
      if (isGood(await call(index, authorization))) good += 1;
    return good;
  };
  const tokenOf = async (account: string): Promise<string> =>
    (await issuer.tokenFor({ resource: RESOURCE, scope: contract.scope, account })).token;
  /** All of them know a key a moment after it was made. */
  const knownKey = async (name: string): Promise<string> => {
    const key = await addKey(contract, keysFile, name);
    for (const replica of REPLICAS)
      await soon(
        // A method that does not exist costs no call.
        () => call(replica, `Bearer ${key}`, { 'mcp-method': 'none' }),
        ({ status }) => status !== 401,
      );
    return key;
  };
  const bind = async () => {
    const dpopKey = await makeProofKey();
    const wish = { resource: RESOURCE, scope: contract.scope, dpopKey };
    return { ...(await issuer.tokenFor(wish)), dpopKey };
  };

  const timesDown = (): number =>
    REPLICAS.flatMap((replica) => recordsIn(auditOf(replica))).filter(
      ({ type }) => type === 'store.down',
    ).length;
  /**
   * Does something while all of them have the store. On a machine that does much else a command can
   * be slower than one of them waits; then it is done again.
   */
  const undisturbed = async <Value>(what: (round: number) => Promise<Value>): Promise<Value> => {
    for (let round = 0; round < 5; round += 1) {
      const before = timesDown();
      const value = await what(round);
      if (timesDown() === before) return value;
    }
    throw new Error('the store never stays up');
  };
  /** How many calls of a new caller's are served, of twice as many as there should be. */
  const servedOfTwice = (name: string): Promise<number> =>
    undisturbed(async (round) => {
      const key = await knownKey(`${name}-${String(round)}`);
      return served(`Bearer ${key}`, CALLS * 2);
    });

  test(
    verifies('C12.shared', 'C12.calls', 'a caller has one rate at all of them together'),
    async () => {
      expect(await servedOfTwice('eager')).toBe(CALLS);
    },
  );

  test(
    verifies('C12.shared', 'E11.dpop', 'a proof that one of them took is refused by the others'),
    async () => {
      const bound = await bind();
      const send = (replica: number, dpop: string): Promise<WireAnswer> =>
        call(replica, `DPoP ${bound.token}`, { dpop });
      const statuses = await undisturbed(async () => {
        const dpop = await makeProof(bound, RESOURCE);
        const first = await send(0, dpop);
        const replayed = await Promise.all(REPLICAS.map((replica) => send(replica, dpop)));
        const fresh = await send(1, await makeProof(bound, RESOURCE));
        return [first, ...replayed, fresh].map(({ status }) => status);
      });
      expect(statuses).toEqual([200, 401, 401, 401, 200]);
    },
  );

  test(
    verifies('C13.revoked', 'what the file of one of them revokes is refused by all'),
    async () => {
      const [alice, bob] = [await tokenOf('alice'), await tokenOf('bob')];
      for (const replica of REPLICAS)
        expect(isGood(await call(replica, `Bearer ${alice}`))).toBe(true);
      setRevoked(0, [{ subject: 'alice' }]);
      for (const replica of REPLICAS)
        await soon(
          () => call(replica, `Bearer ${alice}`, { 'mcp-method': 'none' }),
          ({ status }) => status === 401,
        );
      for (const replica of REPLICAS)
        expect(isGood(await call(replica, `Bearer ${bob}`))).toBe(true);
      // Where it was heard, the trail says so; where it was read, the file.
      const heard = REPLICAS.map((replica) =>
        recordsIn(auditOf(replica)).filter((record) => 'heard' in record),
      );
      const news = { type: 'config.reload', outcome: 'allow', what: '--store', heard: 1 };
      expect(heard).toMatchObject([[], [news], [news]]);
    },
  );

  test(
    verifies(
      'C12.shared',
      'without the store limits are stricter, what may be used once is refused, and it comes back',
    ),
    async () => {
      const key = await knownKey('patient');
      const bound = await bind();
      const prove = async (replica: number): Promise<number> => {
        const dpop = await makeProof(bound, RESOURCE);
        return (await call(replica, `DPoP ${bound.token}`, { dpop })).status;
      };
      const before = timesDown();
      await redis?.pause();
      const good = await served(`Bearer ${key}`, CALLS * 4);
      expect(good).toBeGreaterThan(0);
      // All of them together give less than they did with it.
      expect(good).toBeLessThanOrEqual(CALLS);
      expect(await prove(0)).toBe(503);
      expect(timesDown() - before).toBeGreaterThanOrEqual(REPLICAS.length);
      await redis?.unpause();
      for (const replica of REPLICAS)
        await soon(
          () => prove(replica),
          (status) => status === 200,
        );
      expect(await servedOfTwice('later')).toBe(CALLS);
    },
  );
});

/** One for the suite, or why there is none. In CI that is an error. */
async function startRedis(): Promise<RedisContainer | string> {
  const inCi = process.env['CI'] === 'true';
  const image = process.env['TEST_REDIS_IMAGE'] ?? 'redis:8-alpine';
  if ((await containerRuntime()) === undefined) {
    if (inCi) throw new Error('CI=true, and no container runtime answers: start one, or unset CI');
    return 'no container runtime answers';
  }
  try {
    return await startRedisContainer(image);
  } catch (error) {
    // Most likely an image that cannot be pulled.
    if (inCi) throw error;
    return `${image} did not start`;
  }
}
