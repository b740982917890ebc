import { ClientCredentialsProvider } from '@modelcontextprotocol/client';
import { describe, expect, test } from 'vitest';

import { readChallenges } from './authorization-server/index.ts';
import { CLIENTS, connectHttp, type HttpClient } from './clients.ts';
import { type HttpWorld, OTHER_SCOPE } from './http-contract-world.ts';
import { makePerson, type Person } from './http-person.ts';
import { verifies } from './verifies.ts';

const CURRENT = ['v2 legacy', 'v2 modern'] as const;
type CurrentKind = (typeof CURRENT)[number];

/** Tests the ways of getting in, with the clients that people use. */
export function testIdentity(world: () => HttpWorld): void {
  describe('getting in', () => {
    testDiscovery(world);
    testStepUp(world);
    testMachines(world);
  });
}

function testDiscovery(world: () => HttpWorld): void {
  test(
    verifies('C4.discovery', 'who has no credential is told where to read how to get one'),
    async () => {
      const { served, witness, issuer, resource, contract } = world();
      const { headers } = await world().call();
      const [challenge] = await readChallenges(headers['www-authenticate'] ?? '');
      expect(challenge).toMatchObject({
        scheme: 'bearer',
        parameters: { scope: expect.stringContaining(contract.scope) },
      });
      const url = new URL(challenge?.parameters['resource_metadata'] ?? '');
      expect(url.origin).toBe(served.url.origin);
      const document = await witness.send({ url, method: 'GET' });
      expect(JSON.parse(document.text)).toMatchObject({
        resource,
        authorization_servers: [issuer.issuer],
        bearer_methods_supported: ['header'],
      });
    },
  );

  test.each(CURRENT)(
    verifies('C4.discovery', 'the %s client finds everything by the URL, signs in and calls'),
    async (kind) => {
      const { resource, contract, issuer } = world();
      const person = await alice(world(), {});
      const client = await open(kind, world(), person);
      const answer = await client.call(contract.call.name, contract.call.args);
      await client.close();
      expect(answer.text).toContain(contract.call.holds);
      expect(person.visits).toHaveLength(1);
      const [visit] = person.visits;
      expect(visit?.origin).toBe(issuer.issuer);
      // What MCP demands of the request: PKCE by SHA-256, and the resource (RFC 8707).
      expect(Object.fromEntries(visit?.searchParams ?? [])).toMatchObject({
        code_challenge_method: 'S256',
        resource,
        scope: expect.stringContaining(contract.scope),
      });
    },
  );

  test(
    verifies(
      'C4.discovery',
      'E11.dpop',
      'a client that binds its token to a key signs in and calls',
    ),
    async () => {
      const { contract, secrets } = world();
      const person = await alice(world(), { dpop: true });
      const client = await open('v2 modern', world(), person);
      const answer = await client.call(contract.call.name, contract.call.args);
      await client.close();
      expect(answer.text).toContain(contract.call.holds);
      secrets.add(person.token());
      const stolen = await world().call(`Bearer ${person.token()}`);
      expect(stolen.status).toBe(401);
    },
  );
}

function testStepUp(world: () => HttpWorld): void {
  test.each(CURRENT)(
    verifies(
      'C7.step-up',
      'C4.discovery',
      'the %s client is told what its token lacks, asks the person for it, and the call works',
    ),
    async (kind) => {
      const { contract, issuer, resource, calls } = world();
      const { call, scope } = contract;
      const few = await issuer.tokenFor({ resource, scope: OTHER_SCOPE, account: 'alice' });
      world().secrets.add(few.token);
      const refused = await world().call(`Bearer ${few.token}`);
      const challenge = refused.headers['www-authenticate'] ?? '';
      expect(refused.status).toBe(403);
      expect(challenge).toContain('error="insufficient_scope"');
      expect(challenge).toContain(scope);

      const tokens = {
        access_token: few.token,
        token_type: 'Bearer',
        scope: OTHER_SCOPE,
        issuer: issuer.issuer,
      };
      const person = await alice(world(), { tokens });
      const client = await open(kind, world(), person);
      expect(person.visits).toHaveLength(0);
      const before = calls();
      const answer = await person.through(() => client.call(call.name, call.args));
      await client.close();
      expect(answer.text).toContain(call.holds);
      expect(person.visits).toHaveLength(1);
      // The call that was refused ran nothing.
      expect(calls() - before).toBe(1);
    },
  );
}

function testMachines(world: () => HttpWorld): void {
  test.each(CLIENTS)(
    verifies('C4.keys', 'the %s client gets in with an API key in a header'),
    async (kind) => {
      const { served, keys, contract, witness } = world();
      const client = await connectHttp(kind, {
        url: served.url,
        headers: { authorization: `Bearer ${keys.reader}` },
        fetch: witness.fetch,
      });
      const answer = await client.call(contract.call.name, contract.call.args);
      await client.close();
      expect(answer.text).toContain(contract.call.holds);
    },
  );

  test.each(CURRENT)(
    verifies('C4.discovery', 'the %s client gets in for itself, with its own credentials'),
    async (kind) => {
      const { served, issuer, robot, contract, witness, secrets } = world();
      const provider = new ClientCredentialsProvider({
        clientId: robot.id,
        clientSecret: robot.secret,
        expectedIssuer: issuer.issuer,
      });
      const { url } = served;
      const client = await connectHttp(kind, {
        url,
        authProvider: provider,
        fetch: witness.fetch,
      });
      const answer = await client.call(contract.call.name, contract.call.args);
      await client.close();
      secrets.add(provider.tokens()?.access_token ?? '');
      expect(answer.text).toContain(contract.call.holds);
    },
  );
}

function alice(
  { served }: HttpWorld,
  options: Omit<Parameters<typeof makePerson>[1], 'server'>,
): Promise<Person> {
  return makePerson('alice', { server: served.url, ...options });
}

async function open(
  kind: CurrentKind,
  { served, witness, secrets }: HttpWorld,
  person: Person,
): Promise<HttpClient> {
  const { provider } = person;
  const client = await person.through(() =>
    connectHttp(kind, { url: served.url, authProvider: provider, fetch: witness.fetch }),
  );
  secrets.add(person.token());
  return client;
}
