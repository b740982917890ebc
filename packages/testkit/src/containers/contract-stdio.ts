import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import type { ServerCommand } from '../clients.ts';
import { testServerContract } from '../contract.ts';
import { type RawStdio, startRaw } from '../raw-stdio.ts';
import { verifies } from '../verifies.ts';
import type { ContainerContract, ContainerWorld } from './contract.ts';
import { docker, dockerSays, type Inspected, inspect } from './engine.ts';
import { HARDENED } from './hardened.ts';
import { NODE } from './posture.ts';

/** Tests a server as a client starts it: `docker run --interactive`. */
export function testOverStdio(world: ContainerWorld): void {
  describe('on stdio', () => {
    testServerContract({
      ...world.contract,
      server: (...options) => serverCommand(world, [], options),
    });
    testPorts(world);
    testGone(world);
  });
}

/** What starts a server in a container, with further options of the engine and of the server. */
function serverCommand(
  { contract, files }: ContainerWorld,
  engine: readonly string[],
  options: readonly string[] = [],
): ServerCommand {
  const { containers, server, data, args } = contract;
  // Files of this machine are not the container's: what an option names is put where it can see it.
  const seen = options.map((word) => {
    if (!word.startsWith('/') || !existsSync(word)) return word;
    const name = randomUUID();
    files().put(name, readFileSync(word, 'utf8'));
    return files().at(name);
  });
  return containers.server(
    server,
    { ...data(), options: [...engine, '--volumes-from', `${files().id}:ro`] },
    ...seen,
    ...args(),
  );
}

/** A server in a container with a name, which has answered a call. */
async function startNamed(world: ContainerWorld): Promise<{ name: string; raw: RawStdio }> {
  const name = `secure-mcp-${randomUUID()}`;
  const raw = startRaw(serverCommand(world, ['--name', name]));
  await raw.initialize();
  const { call } = world.contract;
  await raw.ask('call', 'tools/call', { name: call.name, arguments: call.args });
  return { name, raw };
}

/** Local addresses of sockets that listen, as the kernel tells them. */
const LISTENING = `
  const lines = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((name) => {
    const file = '/proc/net/' + name;
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\\n').slice(1) : [];
  });
  const states = lines.map((line) => line.trim().split(/\\s+/)).filter((words) => words.length > 3);
  // 0A is LISTEN of TCP, 07 the only state of UDP that is bound (include/net/tcp_states.h).
  console.log(JSON.stringify(states.filter((words) => /^0[A7]$/.test(words[3])).map((words) => words[1])));
`;

/** What listens in a container. Docker's own resolver for networks that somebody made is not the server's. */
export async function listeningIn(container: string): Promise<readonly string[]> {
  const found: readonly string[] = JSON.parse(
    await dockerSays('exec', container, NODE, '--eval', LISTENING),
  );
  return found.filter((address) => !address.startsWith('0B00007F:'));
}

function testPorts(world: ContainerWorld): void {
  test(verifies('C6.container', 'no port is open, and none is published'), async () => {
    const { name, raw } = await startNamed(world);
    expect(await listeningIn(name)).toEqual([]);
    const container = await inspect(name);
    expect(container.HostConfig['PortBindings']).toEqual({});
    expect(container.Config.ExposedPorts).toBeUndefined();
    expectLimits(world.contract, container);
    await raw.end();
  });
}

/** Fails where a container could take more of the machine than it should. */
export function expectLimits({ server }: ContainerContract, { HostConfig }: Inspected): void {
  const memory = server === 'git' ? HARDENED.gitMemoryBytes : HARDENED.memoryBytes;
  expect(HostConfig).toMatchObject({
    Memory: memory,
    MemorySwap: memory,
    PidsLimit: HARDENED.pids,
    ReadonlyRootfs: true,
    Privileged: false,
  });
}

function testGone(world: ContainerWorld): void {
  test.each([
    ['its client closes its end', (raw: RawStdio) => raw.process.stdin?.end()],
    ['it is told to stop', (raw: RawStdio) => raw.process.kill('SIGTERM')],
    ['its client is killed', (raw: RawStdio) => raw.process.kill('SIGKILL')],
  ])(verifies('E14.eof', 'E14.signal', 'the container is gone after %s'), async (_how, end) => {
    const { name, raw } = await startNamed(world);
    expect((await docker('inspect', name)).status).toBe(0);
    end(raw);
    await expect.poll(async () => (await docker('inspect', name)).status, POLL).not.toBe(0);
    await raw.kill();
  });
}

const POLL = { timeout: 10_000, interval: 100 };
