import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { CLIENTS, connectHttp } from '../clients.ts';
import { callRequest } from '../http-contract-world.ts';
import { beginCall, createWitness, fetchOverTls, type WireAnswer } from '../http-wire.ts';
import { verifies } from '../verifies.ts';
import type { ContainerContract, ContainerWorld } from './contract.ts';
import { expectNoRights, expectNothingWritable } from './contract-posture.ts';
import { expectLimits, listeningIn } from './contract-stdio.ts';
import { docker, dockerSays, inspect } from './engine.ts';
import { type HttpContainer, startHttpContainer } from './http-container.ts';
import { NODE, postureIn, probeArguments } from './posture.ts';

/** How long a change may take to be noticed on a machine that does much else; it takes a second. */
const NOTICED = { timeout: 5000, interval: 100 };
/** The engine asks each second, and each answer takes the start of a process. */
const ASKED = { timeout: 15_000, interval: 200 };
/** How many calls are under way when the container is stopped. */
const CALLS = 6;

interface Served extends HttpContainer {
  readonly contract: ContainerContract;
}

/** Tests a server in a container on a network, where it stays up while everything about it changes. */
export function testOverHttp(world: ContainerWorld): void {
  describe('over HTTP', () => {
    let opened: Served | undefined;
    const served = (): Served => {
      if (opened === undefined) throw new Error('not open');
      return opened;
    };
    beforeAll(async () => {
      opened = { ...(await startHttpContainer(world)), contract: world.contract };
    });
    afterAll(() => opened?.close());
    testClients(served);
    testHardened(served);
    testHealth(served);
    testRotation(served);
    testCertificates(served);
    // They look at all that happened before, and the second ends the server.
    testSecrecy(served);
    testStop(served);
  });
}

/** The contract's call with a credential, on a connection of its own. */
function call({ url, authority, contract }: Served, key?: string): Promise<WireAnswer> {
  return createWitness().send({ ...callOf({ url, contract }, key), tls: trusting(authority) });
}

function callOf({ url, contract }: Pick<Served, 'url' | 'contract'>, key?: string) {
  const { name, args } = contract.call;
  return callRequest(
    url,
    { name, args: { ...args } },
    key === undefined ? undefined : `Bearer ${key}`,
  );
}

function trusting({ certificate }: Served['authority']) {
  return { ca: certificate };
}

function testClients(served: () => Served): void {
  test.each(CLIENTS)(
    verifies('C5.tls', 'C4.keys', 'the %s client lists its tools and calls one, with a key'),
    async (kind) => {
      const { url, authority, key, contract } = served();
      const client = await connectHttp(kind, {
        url,
        fetch: fetchOverTls(trusting(authority)),
        headers: { authorization: `Bearer ${key}` },
      });
      expect(await client.listTools()).toEqual(contract.lock.tools);
      const answer = await client.call(contract.call.name, contract.call.args);
      expect(answer.text).toContain(contract.call.holds);
      await client.close();
    },
  );

  test(verifies('C4.required', 'without a key nothing is answered'), async () => {
    expect((await call(served())).status).toBe(401);
  });

  test(verifies('C6.container', 'no port is open but its own'), async () => {
    const open = await listeningIn(served().id);
    // 8443, on all addresses.
    expect(open.map((address) => address.split(':')[1])).toEqual(['20FB']);
  });
}

function testHardened(served: () => Served): void {
  test(verifies('C6.container', 'it is as hardened as on stdio'), async () => {
    const { id, contract } = served();
    const args = ['exec', id, NODE, ...probeArguments()];
    const posture = await postureIn({ command: 'docker', args });
    expect(posture.shells).toEqual([]);
    expectNoRights(posture);
    expectNothingWritable(contract, posture);
    expectLimits(contract, await inspect(id));
  });
}

function testHealth(served: () => Served): void {
  const health = async (): Promise<unknown> => (await inspect(served().id)).State.Health?.Status;
  test(
    verifies(
      'E14.health',
      'C13.reload',
      'the engine finds it healthy, unhealthy with a file that is not valid, and healthy again',
    ),
    async () => {
      const { Config } = await inspect(served().id);
      // No shell is asked: the image has none.
      expect(Config.Healthcheck.Test[0]).toBe('CMD');
      await expect.poll(health, ASKED).toBe('healthy');
      served().keys.spoil();
      await expect.poll(health, ASKED).toBe('unhealthy');
      // What was valid last goes on to count.
      expect((await call(served(), served().key)).status).toBe(200);
      served().keys.mend();
      await expect.poll(health, ASKED).toBe('healthy');
    },
  );
}

function testRotation(served: () => Served): void {
  test(
    verifies(
      'C13.rotation',
      'C13.revoked',
      'C13.reload',
      'a key is replaced without a gap and without a restart, and the former one ends at once',
    ),
    async () => {
      const { keys, key } = served();
      const { State: before } = await inspect(served().id);
      const statusOf = async (credential: string) => (await call(served(), credential)).status;
      const next = await keys.add();
      await expect.poll(() => statusOf(next), NOTICED).toBe(200);
      expect(await statusOf(key)).toBe(200);
      await keys.revoke(next);
      await expect.poll(() => statusOf(next), NOTICED).toBe(401);
      expect(await statusOf(key)).toBe(200);
      const { State: after, RestartCount } = await inspect(served().id);
      expect([after.Pid, after.StartedAt, RestartCount]).toEqual([before.Pid, before.StartedAt, 0]);
    },
  );
}

function testCertificates(served: () => Served): void {
  test(
    verifies('C13.reload', 'C5.tls', 'a new certificate is shown without a restart'),
    async () => {
      const former = await shownBy(served());
      const fresh = Buffer.from(served().renew().sha256).toString('hex');
      expect(fresh).not.toBe(former);
      // A connection that is being made while the certificate changes may be dropped.
      const shown = () => shownBy(served()).catch(() => former);
      await expect.poll(shown, NOTICED).toBe(fresh);
      expect((await call(served(), served().key)).status).toBe(200);
    },
  );
}

/** SHA-256 of the certificate that a client is shown. */
async function shownBy({ url, authority }: Served): Promise<string> {
  const { hostname, port } = url;
  const socket = connectTls({ host: hostname, port: Number(port), ...trusting(authority) });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256.replaceAll(':', '').toLowerCase();
}

function testSecrecy(served: () => Served): void {
  test(
    verifies('C4.not-passed-on', 'what the engine keeps of it holds no key, of neither kind'),
    async () => {
      const { id, secrets, contract } = served();
      const { stdout, stderr } = await docker('logs', id);
      const logs = stdout + stderr;
      const known = JSON.stringify(await inspect(served().id));
      // They do hold what happened, and where the keys are.
      expect(logs).toContain(`"name":"${contract.call.name}"`);
      expect(known).toContain('keys.json');
      expect(secrets.size).toBeGreaterThan(3);
      expect([...secrets].filter((secret) => `${logs}${known}`.includes(secret))).toEqual([]);
    },
  );
}

function testStop(served: () => Served): void {
  test(
    verifies(
      'E14.drain',
      'when the engine stops it, calls under way are answered, and it ends with 0, in time',
    ),
    async () => {
      const { id, url, authority, contract, key } = served();
      const request = { ...callOf({ url, contract }, key), tls: trusting(authority) };
      const calls = await Promise.all(Array.from({ length: CALLS }, () => beginCall(request, 40)));
      // It is answered after them, so all of them have been heard.
      await call(served(), key);
      const stopped = dockerSays('stop', '--time=20', id);
      const isTaken = () =>
        shownBy(served()).then(
          () => true,
          () => false,
        );
      await expect.poll(isTaken, NOTICED).toBe(false);
      const answers = await Promise.all(calls.map(({ finish }) => finish()));
      for (const { status, text } of answers) {
        expect(status).toBe(200);
        expect(text).toContain(contract.call.holds);
      }
      await stopped;
      const { State } = await inspect(served().id);
      expect([State.ExitCode, State.OOMKilled]).toEqual([0, false]);
      await dockerSays('rm', '--volumes', id);
      expect((await docker('inspect', id)).status).not.toBe(0);
    },
  );
}
