import { join } from 'node:path';

import {
  connectHttp,
  createWitness,
  type HttpProcess,
  makeTemp,
  recordsOf,
  runToEnd,
  startHttpProcess,
  type TempDirectory,
  type WireRequest,
} from '@secure-mcp/testkit';

import { FILESYSTEM_SERVER } from './filesystem.ts';
import type { Stage } from './stage.ts';

const REVOKED_WITHIN_MS = 5000;

/** The act on a network: two callers with keys of their own, and whoever else finds the port. */
export async function playNetwork(stage: Stage): Promise<void> {
  stage.act('on a network');
  const temp = makeTemp('demo-network');
  temp.write('notes/welcome.md', '# Welcome\n\nThese notes are on a network now.\n');
  const keys = join(temp.path, 'keys.json');
  const ada = await makeKey(keys, 'ada');
  const bob = await makeKey(keys, 'bob');
  const server = await startHttpProcess(serverCommand(temp, keys));
  try {
    stage.note(`two callers with keys, and a policy that opens less to one: ${server.url.href}`);
    await playCallers(stage, server, { ada, bob });
    await playStrangers(stage, server, ada);
    await playWithdrawn(stage, server, { keys, ada });
    await playStart(stage, temp);
    playTrail(stage, server, [ada, bob]);
  } finally {
    await server.close();
    temp.remove();
  }
}

async function makeKey(file: string, principal: string): Promise<string> {
  const command = ['keys', 'add', file, '--principal', principal, '--scopes', 'files:read'];
  const { stdout } = await run(...command);
  const [key] = /mcpk_\w+\S*/.exec(stdout) ?? [];
  if (key === undefined) throw new Error('no key was made');
  return key;
}

function run(...args: readonly string[]) {
  return runToEnd({ command: process.execPath, args: [FILESYSTEM_SERVER, ...args] });
}

function serverCommand(temp: TempDirectory, keys: string) {
  const root = { root: 'notes', rights: ['read'] };
  const policy = {
    version: 1,
    principals: [
      { match: { id: 'key:ada' }, tools: ['*'], files: { roots: [root] } },
      { match: { id: 'key:bob' }, tools: ['list_roots'], files: { roots: [] } },
    ],
  };
  const file = temp.write('policy.json', JSON.stringify(policy));
  const options = ['--http', '0', '--keys', keys, '--policy', file];
  return {
    command: process.execPath,
    args: [FILESYSTEM_SERVER, ...options, join(temp.path, 'notes')],
  };
}

interface Keys {
  readonly ada: string;
  readonly bob: string;
}

async function playCallers(stage: Stage, { url }: HttpProcess, keys: Keys): Promise<void> {
  stage.scene('Two callers');
  for (const kind of ['v2 modern', 'v1 SDK'] as const) {
    const client = await connectHttp(kind, { url, headers: bearer(keys.ada) });
    const answer = await client.call('read_file', { path: 'notes:welcome.md' });
    stage.shows(`ada, ${kind}: read_file notes:welcome.md`, answer.text, !answer.isError);
    await client.close();
  }
  const client = await connectHttp('v2 modern', { url, headers: bearer(keys.bob) });
  const names = (await client.listTools()).map(({ name }) => String(name));
  stage.meets('C7', 'bob looks for tools', `finds ${names.join(', ')}`, names.length === 1);
  const answer = await client.call('read_file', { path: 'notes:welcome.md' });
  stage.meets('C7', 'bob calls one that he was not given', answer.text, answer.isError);
  await client.close();
}

function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

const CALL = '{"name":"read_file","arguments":{"path":"notes:welcome.md"}}';
const BODY = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${CALL}}`;

type Attack = readonly [
  control: string,
  attack: string,
  status: number,
  more: Partial<WireRequest>,
];

/** What arrives at a port sooner or later. */
function attacksWith(url: URL, key: string): readonly Attack[] {
  const good = bearer(key);
  const last = key.endsWith('0') ? '1' : '0';
  const inUrl = new URL(url);
  inUrl.searchParams.set('access_token', key);
  return [
    ['C4', 'no credential', 401, {}],
    ['C4', 'a key with another last letter', 401, { headers: bearer(key.slice(0, -1) + last) }],
    ['C4', 'two keys at once', 401, { headers: { authorization: `Bearer ${key}, Bearer ${key}` } }],
    ['C4', 'the key in the URL, where it would be logged', 400, { url: inUrl }],
    [
      'E10',
      'another name for this address (DNS rebinding)',
      403,
      { headers: { ...good, host: 'evil.example' } },
    ],
    [
      'E10',
      'a page of another origin',
      403,
      { headers: { ...good, origin: 'https://evil.example' } },
    ],
    ['E1', 'a page without an origin', 403, { headers: { ...good, origin: 'null' } }],
    [
      'C1',
      'two paths, for two parsers',
      400,
      { headers: good, body: BODY.replace('"path":', '"path":"x","path":') },
    ],
    ['C1', 'a batch', 400, { headers: good, body: `[${BODY},${BODY}]` }],
    ['E2', 'two megabytes', 413, { headers: good, body: `${BODY}${' '.repeat(2_097_152)}` }],
    [
      'C10',
      'a form that any page can send',
      415,
      { headers: { ...good, 'content-type': 'text/plain' } },
    ],
  ];
}

async function playStrangers(stage: Stage, { url }: HttpProcess, key: string): Promise<void> {
  stage.scene('Whoever finds the port');
  const witness = createWitness();
  for (const [control, attack, status, more] of attacksWith(url, key)) {
    const answer = await witness.send({ url, method: 'POST', body: BODY, ...more });
    const [, sentence = ''] = /"message":"([^"]*)"/.exec(answer.text) ?? [];
    const held = answer.status === status && !answer.text.includes('Welcome');
    stage.meets(control, attack, `${String(answer.status)} ${sentence}`, held);
  }
}

async function playWithdrawn(
  stage: Stage,
  { url }: HttpProcess,
  { keys, ada }: { readonly keys: string; readonly ada: string },
): Promise<void> {
  stage.scene('A key that leaked');
  const [, id = ''] = ada.split('_');
  await run('keys', 'revoke', keys, id);
  const revokedAt = performance.now();
  const witness = createWitness();
  const call = { url, method: 'POST', body: BODY, headers: bearer(ada) };
  let status = 200;
  while (status !== 401 && performance.now() - revokedAt < REVOKED_WITHIN_MS)
    status = (await witness.send(call)).status;
  const after = `${String(status)} after ${((performance.now() - revokedAt) / 1000).toFixed(1)} s, without a restart`;
  stage.meets('C13', 'ada’s key is used after it was revoked', after, status === 401);
}

async function playStart(stage: Stage, temp: TempDirectory): Promise<void> {
  stage.scene('A slip of the operator');
  const notes = join(temp.path, 'notes');
  const keys = join(temp.path, 'keys.json');
  const slips: readonly (readonly [string, string, readonly string[]])[] = [
    ['C5', 'all addresses, without TLS', ['--http', '0.0.0.0:0', '--keys', keys, notes]],
    ['C4', 'no callers', ['--http', '0', notes]],
    ['C4', 'everybody, beyond loopback', ['--http', '0.0.0.0:0', '--unsafe-no-auth', notes]],
  ];
  for (const [control, slip, args] of slips) {
    const { status, stderr } = await run(...args);
    stage.meets(control, slip, `does not start: ${stderr.trim()}`, status === 2);
  }
}

function playTrail(stage: Stage, server: HttpProcess, keys: readonly string[]): void {
  stage.scene('What is on record');
  const records = recordsOf(server);
  const kinds = new Map<string, number>();
  for (const { type } of records) kinds.set(String(type), (kinds.get(String(type)) ?? 0) + 1);
  const counted = [...kinds].map(([type, count]) => `${type} ${String(count)}`).join(', ');
  stage.shows('the audit trail, by type', counted, kinds.has('auth.failure'));
  const holds = keys.some((key) => server.stderr().includes(key.split('_')[2] ?? key));
  stage.meets('C9', 'a key in log or trail', holds ? 'found' : 'none', !holds);
}
