import { afterEach, describe, expect, test } from 'vitest';

import { connectHttp, type HttpClient } from './clients.ts';
import {
  addKey,
  callRequest,
  type HttpContract,
  type HttpWorld,
  keyIdOf,
  policyFor,
  runCli,
  soon,
  type ToolCall,
  writeJson,
} from './http-contract-world.ts';
import { beginCall } from './http-wire.ts';
import { verifies } from './verifies.ts';

/** Tests that each caller may do what the operator lets them, as it is now. */
export function testRights(contract: HttpContract, world: () => HttpWorld): void {
  describe('rights', () => {
    testPolicy(world);
  });
  describe('without a restart', () => {
    describe('the policy', () => {
      afterEach(() => {
        writeJson(
          world().temp,
          'policy.json',
          policyFor(contract, { reader: [contract.call.name] }),
        );
      });
      testReload(world);
      testDivided(world);
    });
    testRotation(world);
    describe('revocations', () => {
      afterEach(() => setRevoked(world(), []));
      testRevocations(world);
      testEnded(contract, world);
    });
    testIssuerKeys(world);
  });
}

async function connectWith(
  { served, witness }: HttpWorld,
  credential: string,
): Promise<HttpClient> {
  return connectHttp('v2 modern', {
    url: served.url,
    headers: { authorization: `Bearer ${credential}` },
    fetch: witness.fetch,
  });
}

async function toolsOf(world: HttpWorld, credential: string): Promise<readonly unknown[]> {
  const client = await connectWith(world, credential);
  const tools = await client.listTools();
  await client.close();
  return tools.map(({ name }) => name);
}

function testPolicy(world: () => HttpWorld): void {
  test.each([
    ['a key, by the caller’s id', 'reader', ({ call }) => [call.name]],
    ['a key that nobody named', 'stranger', () => []],
  ] as const satisfies readonly (readonly [
    string,
    keyof HttpWorld['keys'],
    (contract: HttpWorld['contract']) => readonly string[],
  ])[])(
    verifies(
      'C7.policy',
      'C7.default',
      'C7.hidden',
      '%s: sees and calls what is granted, and nothing else',
    ),
    async (_who, name, granted) => {
      const { keys, contract } = world();
      const expected = granted(contract);
      expect(await toolsOf(world(), keys[name])).toEqual(expected);
      const client = await connectWith(world(), keys[name]);
      const answer = await client.call(contract.call.name, contract.call.args);
      const hidden = await client.call(contract.other, {});
      const unknown = await client.call('no_such_tool', {});
      await client.close();
      expect(answer.text.includes(contract.call.holds)).toBe(expected.length > 0);
      expect(hidden.text).toBe(unknown.text);
      expect(hidden.text).toMatch(/^tool\.unknown: /);
    },
  );

  test(
    verifies(
      'C7.scopes',
      'C7.hidden',
      'what the policy grants and the credential does not cover does not exist',
    ),
    async () => {
      const { keys, contract, calls } = world();
      expect(await toolsOf(world(), keys.narrow)).toEqual([]);
      const before = calls();
      const { status, text } = await world().call(`Bearer ${keys.narrow}`);
      // No authorization server could give a key more, so nobody is sent there.
      expect(status).toBe(200);
      expect(text).toContain('tool.unknown');
      expect(text).not.toContain(contract.call.holds);
      expect(calls()).toBe(before + 1);
    },
  );

  test(verifies('C7.policy', 'C7.default', 'people, by their subject'), async () => {
    const [alice, bob] = await Promise.all([world().token('alice'), world().token('bob')]);
    const { contract } = world();
    expect(await toolsOf(world(), alice)).toEqual(
      expect.arrayContaining([contract.call.name, contract.other]),
    );
    expect(await toolsOf(world(), bob)).toEqual([]);
  });

  test(verifies('C7.policy', 'a program that acts for itself, by its client'), async () => {
    const { contract, issuer, resource } = world();
    const tools = await toolsOf(world(), await world().token());
    expect(new Set(tools)).toEqual(new Set([contract.call.name, contract.other]));
    const { token } = await issuer.tokenFor({ resource, scope: contract.scope });
    world().secrets.add(token);
    expect(await toolsOf(world(), token)).toEqual([]);
  });
}

async function isReady({ served, witness }: HttpWorld): Promise<boolean> {
  const { status } = await witness.send({ url: new URL('/readyz', served.url), method: 'GET' });
  return status === 200;
}

function testReload(world: () => HttpWorld): void {
  const setPolicy = (policy: object): void => void writeJson(world().temp, 'policy.json', policy);
  test(
    verifies(
      'C13.reload',
      'C7.policy',
      'a policy that is replaced counts, and one that is not valid does not',
    ),
    async () => {
      const { contract, keys, records } = world();
      const { other } = contract;
      const seen = () => toolsOf(world(), keys.reader);
      setPolicy(policyFor(contract, { reader: [other] }));
      await soon(seen, (tools) => tools.join() === other);

      expect(await isReady(world())).toBe(true);
      setPolicy({ version: 1, principals: [{ match: {}, tools: ['*'] }] });
      await soon(
        () => isReady(world()),
        (ready) => !ready,
      );
      expect(await seen()).toEqual([other]);
      expect(records()).toContainEqual(
        expect.objectContaining({ type: 'config.reload_failed', what: '--policy' }),
      );

      setPolicy(policyFor(contract, { reader: [other, contract.call.name] }));
      await soon(
        () => isReady(world()),
        (ready) => ready,
      );
      expect(new Set(await seen())).toEqual(new Set([other, contract.call.name]));
    },
  );
}

/** Calls of each of two callers, at the same time. */
const AT_ONCE = 20;

function testDivided(world: () => HttpWorld): void {
  test(
    verifies('C7.policy', 'callers at the same time see each their own share, and no other'),
    async () => {
      const { contract, keys, temp } = world();
      const { call, shares } = contract.divided;
      const [reader, writer] = shares;
      const entry = (id: string, { grants }: typeof reader) => ({
        match: { id },
        tools: [call.name],
        ...grants,
      });
      const principals = [entry('key:reader', reader), entry('key:writer', writer)];
      writeJson(temp, 'policy.json', { version: 1, principals });
      const seenWith = async (key: string): Promise<string> => {
        const { text } = await world().call(`Bearer ${key}`, {}, call);
        return shares.flatMap(({ holds }) => (text.includes(holds) ? [holds] : [])).join();
      };
      await soon(
        () => seenWith(keys.writer),
        (seen) => seen === writer.holds,
      );
      const pairs = await Promise.all(
        Array.from({ length: AT_ONCE }, () =>
          Promise.all([seenWith(keys.reader), seenWith(keys.writer)]),
        ),
      );
      expect(pairs).toEqual(pairs.map(() => [reader.holds, writer.holds]));
    },
  );
}

/** The status of the contract's call. */
async function statusWith(world: HttpWorld, credential: string): Promise<number> {
  const { status } = await world.call(`Bearer ${credential}`);
  return status;
}

function testRotation(world: () => HttpWorld): void {
  test(
    verifies(
      'C13.rotation',
      'C4.keys',
      'a key is added, followed by another, and taken back, by the command',
    ),
    async () => {
      const { contract, files, secrets } = world();
      const first = await addKey(contract, files.keys, 'writer');
      secrets.add(first);
      await soon(
        () => statusWith(world(), first),
        (status) => status === 200,
      );

      const second = await runCli(contract, 'keys', 'rotate', files.keys, keyIdOf(first));
      secrets.add(second);
      await soon(
        () => statusWith(world(), second),
        (status) => status === 200,
      );
      expect(await statusWith(world(), first)).toBe(200);

      await runCli(contract, 'keys', 'revoke', files.keys, keyIdOf(first));
      await soon(
        () => statusWith(world(), first),
        (status) => status === 401,
      );
      expect(await statusWith(world(), second)).toBe(200);
    },
  );
}

function setRevoked({ temp }: HttpWorld, revoked: readonly object[]): void {
  writeJson(temp, 'revocations.json', { version: 1, revoked });
}

function testRevocations(world: () => HttpWorld): void {
  const idOf = (token: string): unknown =>
    Object(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).jti;

  test.each([
    ['one token', (token: string) => ({ issuer: world().issuer.issuer, tokenId: idOf(token) })],
    ['a subject', () => ({ subject: 'alice' })],
    ['a client', () => ({ client: 'desktop', issuer: world().issuer.issuer })],
    ['a caller', () => ({ principal: `${world().issuer.issuer}|alice` })],
  ])(verifies('C13.revoked', 'what a file revokes is refused: %s'), async (_what, entryFor) => {
    const token = await world().token('alice');
    const robot = await world().token();
    // What the test before has revoked may not be forgotten yet.
    await soon(
      () => statusWith(world(), token),
      (status) => status === 200,
    );
    setRevoked(world(), [entryFor(token)]);
    await soon(
      () => statusWith(world(), token),
      (status) => status === 401,
    );
    // Nobody else is.
    expect(await statusWith(world(), robot)).toBe(200);
    expect(await statusWith(world(), world().keys.reader)).toBe(200);
  });
}

function testEnded(contract: HttpContract, world: () => HttpWorld): void {
  const revokeAlice = async (): Promise<void> => {
    setRevoked(world(), [{ subject: 'alice' }]);
    const other = await world().token('alice');
    await soon(
      () => statusWith(world(), other),
      (status) => status === 401,
    );
  };
  /** A call of Alice's that the server has admitted. */
  const begin = async (tool: ToolCall, bytes: number) => {
    const token = await world().token('alice');
    await soon(
      () => statusWith(world(), token),
      (status) => status === 200,
    );
    return beginCall(callRequest(world().served.url, tool, `Bearer ${token}`), bytes);
  };

  test(
    verifies(
      'C13.ended',
      'a call whose content is still on its way when its caller is revoked runs nothing',
    ),
    async () => {
      const { call } = contract;
      const begun = await begin(call, 40);
      await revokeAlice();
      const before = world().calls();
      const { status, text } = await begun.finish();
      expect(status).toBe(401);
      expect(text).not.toContain(call.holds);
      expect(world().calls()).toBe(before);
    },
  );

  const { slow } = contract;
  if (slow === undefined) return;
  test(verifies('C13.ended', 'a running call of a revoked caller ends'), async () => {
    const begun = await begin(slow, Infinity);
    const ended = begun.finish();
    await revokeAlice();
    // Left alone, it would be answered well.
    expect((await ended).status).toBe(401);
  });
}

function testIssuerKeys(world: () => HttpWorld): void {
  test(
    verifies(
      'C4.issuer-keys',
      'C13.rotation',
      'a new key of the issuer counts at once, and one that is withdrawn no more after SIGHUP',
    ),
    async () => {
      const { issuer, served } = world();
      const old = await world().token();
      expect(await statusWith(world(), old)).toBe(200);
      issuer.rotateKeys();
      const fresh = await world().token();
      expect(await statusWith(world(), fresh)).toBe(200);
      // The former keys are gone now, and the server has no reason to look.
      issuer.rotateKeys({ withdraw: true });
      expect(await statusWith(world(), old)).toBe(200);
      served.signal('SIGHUP');
      await soon(
        () => statusWith(world(), old),
        (status) => status === 401,
      );
      expect(await statusWith(world(), await world().token())).toBe(200);
    },
  );
}
