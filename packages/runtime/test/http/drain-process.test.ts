import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

import { verifies } from '@secure-mcp/testkit';
import { afterEach, expect, test } from 'vitest';

import { fixtureCommand } from '../fixture/command.ts';
import { until } from '../reload/watching.ts';
import { startListening } from './listening.ts';

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

interface Served {
  readonly child: ChildProcess;
  readonly url: string;
  /** Resolves once so many calls are under way, by the server's own account. */
  underWay(calls: number): Promise<void>;
  /** Resolves with the exit code, or the signal. */
  readonly exit: Promise<unknown>;
}

/** The fixture in a process of its own, on loopback and any port. */
async function serve(): Promise<Served> {
  const metrics = String(await freePort());
  const { command, args } = fixtureCommand('--http', '0', '--unsafe-no-auth', '--metrics', metrics);
  const child = spawn(command, [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  started.push(child);
  const exit = once(child, 'exit').then(([code, signal]: unknown[]) => code ?? signal);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until('it serves', () => /^serving \S+$/m.test(said));
  const [, url = ''] = /^serving (\S+)$/m.exec(said) ?? [];
  const underWay = async (calls: number): Promise<void> => {
    const sample = `secure_mcp_http_requests_live ${String(calls)}\n`;
    for (let text = ''; !text.includes(sample);) {
      const answer = await fetch(`http://127.0.0.1:${metrics}/metrics`);
      text = await answer.text();
    }
  };
  return { child, url, exit, underWay };
}

async function freePort(): Promise<number> {
  const { port, close } = await startListening();
  await close();
  return port;
}

async function call(url: string, tool: string, ms: number): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': tool,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: tool, arguments: { ms }, _meta: META },
    }),
  });
}

async function answerOf(response: Promise<Response>): Promise<string> {
  const answered = await response;
  return `${String(answered.status)} ${await answered.text()}`;
}

/** True once nobody new is taken. */
async function isRefused(url: string): Promise<boolean> {
  try {
    await call(url, 'wait', 0);
    return false;
  } catch (error) {
    return error instanceof Error && JSON.stringify(error.cause).includes('ECONNREFUSED');
  }
}

test(
  verifies(
    'E14.drain',
    'on SIGTERM both calls under way are answered, nobody new is taken, and the end is clean',
  ),
  async () => {
    const { child, url, exit, underWay } = await serve();
    const calls = [answerOf(call(url, 'wait', 4000)), answerOf(call(url, 'stubborn', 4000))];
    await underWay(2);
    child.kill('SIGTERM');
    let refused = false;
    for (let tries = 0; tries < 50 && !refused; tries += 1) {
      refused = await isRefused(url);
      await wait(20);
    }
    expect(refused).toBe(true);
    expect(child.exitCode).toBe(null);
    const [waited, stubborn] = await Promise.all(calls);
    expect(waited).toMatch(/^200 .*waited/s);
    expect(stubborn).toMatch(/^200 .*done/s);
    await expect(exit).resolves.toBe(0);
  },
);

test('a second signal does not wait', async () => {
  const { child, url, exit, underWay } = await serve();
  const cut = answerOf(call(url, 'wait', 60_000)).catch(() => 'cut');
  await underWay(1);
  const began = performance.now();
  child.kill('SIGTERM');
  await wait(300);
  expect(child.exitCode).toBe(null);
  child.kill('SIGTERM');
  await exit;
  // Without it the call alone would take a minute, and the drain its whole time.
  expect(performance.now() - began).toBeLessThan(9000);
  await expect(cut).resolves.not.toContain('waited');
});
