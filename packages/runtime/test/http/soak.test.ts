import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeTemp } from '@secure-mcp/testkit';
import { afterAll, expect, test } from 'vitest';

import { fixtureCommand } from '../fixture/command.ts';
import { until } from '../reload/watching.ts';
import { soakClient } from './soak-client.ts';

const CONNECTIONS = 64;
const REQUESTS = 20_000;
/** Calls after which the memory does not grow any more: V8 has compiled all, and its heap has its size. */
const STEADY = 10_000;
/** What it may differ by from then on. */
const GROWTH_MAX = 1.1;
/** MiB that it takes at most: three quarters of what the SDK's own handler takes for the same calls. */
const MEMORY_MAX = 256;
const NO_LIMIT = '9999999/1';
/** Some forty seconds on two cores that others use, too. */
const PATIENCE_MS = 240_000;

const temp = makeTemp();
const started: ChildProcess[] = [];
afterAll(async () => {
  for (const child of started.splice(0)) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  temp.remove();
});

interface Served {
  readonly url: URL;
  readonly key: string;
  readonly audit: string;
  /** Resident memory, in MiB. */
  memory(): number;
}

/** The fixture in a process of its own, with a key and without limits that would be met. */
async function serve(): Promise<Served> {
  const keys = join(temp.path, 'keys.json');
  const audit = join(temp.path, 'audit.jsonl');
  const key = addKey(keys);
  const options = ['--http', '0', '--keys', keys, '--audit-log', audit, '--concurrency', '64'];
  const limits = ['--rate-limit', NO_LIMIT, '--address-rate-limit', NO_LIMIT];
  const { command, args } = fixtureCommand(...options, ...limits);
  // What the tests compile beforehand would make the memory at the start less than it is elsewhere.
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' };
  const child = spawn(command, [...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  started.push(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until('it serves', () => /^serving \S+$/m.test(said));
  const [, url = ''] = /^serving (\S+)$/m.exec(said) ?? [];
  return { url: new URL(url), key, audit, memory: () => memoryOf(child) };
}

function addKey(file: string): string {
  const entry = ['--principal', 'soak', '--scopes', 'test:read', '--days', '1'];
  const { command, args } = fixtureCommand('keys', 'add', file, ...entry);
  return execFileSync(command, [...args], { encoding: 'utf8' }).trim();
}

function memoryOf({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** The JSON-RPC answer, alone or as the one event of a stream. */
function messageOf(text: string): unknown {
  const [, data] = /^data: (.*)$/m.exec(text) ?? [];
  return JSON.parse(data ?? text);
}

/** Makes calls over all connections until so many are made. Each has to get its own answer. */
async function callUntil(
  client: ReturnType<typeof soakClient>,
  seen: Map<number, number>,
  last: number,
): Promise<void> {
  let next = seen.size;
  const lane = async (): Promise<void> => {
    while (next < last) {
      const id = next;
      next += 1;
      const text = `${String(id)} ${randomUUID()}`;
      const answer = await client.call({ id, text });
      expect(answer.status).toBe(200);
      expect(messageOf(answer.text)).toMatchObject({ id, result: { structuredContent: { text } } });
      seen.set(id, (seen.get(id) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
}

test(
  'twenty thousand calls over 64 connections get their own answers once each, and memory stays flat',
  async () => {
    const { url, key, audit, memory } = await serve();
    const client = soakClient(url, key, CONNECTIONS);
    const seen = new Map<number, number>();
    await callUntil(client, seen, STEADY);
    const steady = memory();
    await callUntil(client, seen, REQUESTS);
    const grown = memory();
    client.close();
    expect(seen.size).toBe(REQUESTS);
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
    // What the tool did, by the server's own account: nothing was lost on the way, and nothing ran twice.
    const calls = readFileSync(audit, 'utf8').match(/"type":"tool\.call","outcome":"allow"/g);
    expect(calls).toHaveLength(REQUESTS);
    expect(grown).toBeLessThan(GROWTH_MAX * steady);
    expect(grown).toBeLessThan(MEMORY_MAX);
  },
  PATIENCE_MS,
);
