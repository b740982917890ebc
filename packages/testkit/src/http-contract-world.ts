import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

import {
  type AuthorizationServerUnderTest,
  startAuthorizationServer,
} from './authorization-server/index.ts';
import type { ServerCommand } from './clients.ts';
import { type HttpProcess, runToEnd, startOnFreePort } from './http-process.ts';
import {
  createWitness,
  JSON_HEADERS,
  messageFor,
  type WireAnswer,
  type WireRequest,
  type Witness,
} from './http-wire.ts';
import { makeTemp, type TempDirectory } from './temp.ts';

/** What a server says of itself, so that what it shows over HTTP can be tested. */
export interface HttpContract {
  /** Starts the bundle on a little data of its own, with further options. */
  readonly server: (...options: readonly string[]) => ServerCommand;
  /** A command of the bundle that needs no data, such as `keys`. */
  readonly cli: (...args: readonly string[]) => ServerCommand;
  /** A call that has to work, and a text that its answer has to hold. */
  readonly call: ToolCall & { readonly holds: string };
  /** Another tool. */
  readonly other: string;
  /** What the call takes. */
  readonly scope: string;
  /** What the policy grants on the data, beside tools. */
  readonly grants: Readonly<Record<string, unknown>>;
  /** One call that two callers see differently, by what the policy grants each of them on the data. */
  readonly divided: {
    readonly call: ToolCall;
    readonly shares: readonly [Share, Share];
  };
  /** A call that goes on for half a minute, where the server has one. */
  readonly slow?: ToolCall;
}

interface Share {
  readonly grants: Readonly<Record<string, unknown>>;
  /** What this caller's answer holds, and the other one's does not. */
  readonly holds: string;
}

export interface ToolCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** A scope that the authorization server knows and the server under test does not. */
export const OTHER_SCOPE = 'elsewhere:read';
/** A resource of the same authorization server's that is not the server under test. */
export const ELSEWHERE = 'http://127.0.0.1:9/mcp';
/** A page that the operator lets call. */
export const PAGE = 'https://app.example';

/** Far above what the tests need: what is tested about limits has servers of its own. */
export const UNLIMITED = [
  '--rate-limit=1000000/1',
  '--address-rate-limit=1000000/1',
  '--failure-limit=1000000/1',
] as const;

/** One server on a network with all that decides who may call, and what watches it. */
export interface HttpWorld {
  readonly contract: HttpContract;
  readonly issuer: AuthorizationServerUnderTest;
  /** A client that acts for itself. */
  readonly robot: { readonly id: string; readonly secret: string };
  readonly served: HttpProcess;
  readonly temp: TempDirectory;
  readonly witness: Witness;
  readonly files: WorldFiles;
  /** API keys by their principal. */
  readonly keys: Readonly<Record<KeyName, string>>;
  /** All scopes that the issuer knows for it. */
  readonly scopes: string;
  /** What a token has to be issued for. */
  readonly resource: string;
  /** Every credential that was shown to the server, to be looked for where it must not be. */
  readonly secrets: Set<string>;
  /** A token for a client that acts for itself, or for a person. */
  token(account?: string, scope?: string): Promise<string>;
  /** The contract's call with a bearer credential, as a page would make it. */
  request(credential: string): { url: URL; headers: Record<string, string>; body: string };
  /** Sends the contract's call, or another one, with a credential. */
  call(authorization?: string, more?: Partial<WireRequest>, tool?: ToolCall): Promise<WireAnswer>;
  records(): readonly AuditRecord[];
  /** How many calls got as far as a tool's name. */
  calls(): number;
  close(): Promise<void>;
}

export type AuditRecord = Readonly<Record<string, unknown>>;

interface WorldFiles {
  readonly keys: string;
  readonly policy: string;
  readonly revocations: string;
  readonly audit: string;
}

/** Callers with keys: by the policy, `stranger` may do nothing, and `narrow` all that its key covers. */
const KEY_NAMES = ['reader', 'writer', 'narrow', 'stranger'] as const;
type KeyName = (typeof KEY_NAMES)[number];

export interface PolicyParts {
  /** Tools of the key `reader`. */
  readonly reader: readonly string[];
}

/** Alice and some keys by name, the client `robot` by its id, and nobody else. */
export function policyFor({ call, other, grants }: HttpContract, { reader }: PolicyParts): object {
  const rights = { resources: ['*'], prompts: ['*'], ...grants };
  return {
    version: 1,
    principals: [
      { match: { id: 'key:reader' }, tools: reader, ...rights },
      { match: { id: 'key:writer' }, tools: ['*'], ...rights },
      { match: { id: 'key:narrow' }, tools: ['*'], ...rights },
      { match: { subject: 'alice' }, tools: ['*'], ...rights },
      { match: { client: 'robot' }, tools: [call.name, other], ...rights },
    ],
  };
}

/** Starts it all. */
export async function openHttpWorld(
  contract: HttpContract,
  ...options: readonly string[]
): Promise<HttpWorld> {
  const temp = makeTemp();
  const witness = createWitness();
  const robot = { id: 'robot', secret: randomUUID() };
  const scopes = `${contract.scope} ${OTHER_SCOPE}`;
  const secrets = new Set<string>([robot.secret]);
  const issuer = await startAuthorizationServer({
    resources: { [ELSEWHERE]: { scope: scopes } },
    clients: [robot],
  });
  const files = {
    keys: `${temp.path}/keys.json`,
    policy: writeJson(temp, 'policy.json', policyFor(contract, { reader: [contract.call.name] })),
    revocations: writeJson(temp, 'revocations.json', { version: 1, revoked: [] }),
    audit: `${temp.path}/audit.jsonl`,
  };
  const keys = { reader: '', writer: '', narrow: '', stranger: '' };
  for (const name of KEY_NAMES) {
    keys[name] = await addKey(contract, files.keys, name, contract.scope);
    secrets.add(keys[name]);
  }
  giveOtherScope(files.keys, 'narrow');
  const served = await startOnFreePort((port) =>
    contract.server(
      `--http=${String(port)}`,
      `--resource=http://127.0.0.1:${String(port)}/mcp`,
      `--issuer=${issuer.issuer}`,
      `--keys=${files.keys}`,
      `--policy=${files.policy}`,
      `--revocations=${files.revocations}`,
      `--audit-log=${files.audit}`,
      `--allow-origin=${PAGE}`,
      '--log-level=debug',
      ...UNLIMITED,
      ...options,
    ),
  );
  const resource = served.url.href;
  issuer.addResource(resource, { scope: scopes });
  const records = () => recordsIn(files.audit);
  return {
    contract,
    issuer,
    robot,
    served,
    temp,
    witness,
    files,
    keys,
    scopes,
    resource,
    secrets,
    async token(account, scope = contract.scope) {
      const { token } = await issuer.tokenFor({
        resource,
        scope,
        ...(account === undefined ? { clientId: robot.id } : { account }),
      });
      secrets.add(token);
      return token;
    },
    request(credential) {
      const { name, args } = contract.call;
      const { headers, body } = messageFor('tools/call', { name, arguments: args });
      const authorization = `Bearer ${credential}`;
      return { url: served.url, body, headers: { ...JSON_HEADERS, ...headers, authorization } };
    },
    call: (authorization, more, tool = contract.call) =>
      witness.send(callRequest(served.url, tool, authorization, more)),
    records,
    calls: () => records().filter(({ type }) => type === 'tool.call').length,
    async close() {
      await served.close();
      await issuer.close();
      temp.remove();
    },
  };
}

/** A call of a tool, as it stands on the wire. */
export function callRequest(
  url: URL,
  { name, args }: ToolCall,
  authorization: string | undefined,
  more: Partial<WireRequest> = {},
): WireRequest {
  const { headers, body } = messageFor('tools/call', { name, arguments: args });
  return {
    url,
    body,
    ...more,
    headers: {
      ...headers,
      ...(authorization !== undefined && { authorization }),
      ...more.headers,
    },
  };
}

/** Makes a key by the command of the bundle, as an operator does. */
export async function addKey(
  contract: HttpContract,
  file: string,
  name: string,
  scope = contract.scope,
): Promise<string> {
  return runCli(contract, 'keys', 'add', file, '--principal', name, '--scopes', scope);
}

/** Runs a command of the bundle, and gives what it says. */
export async function runCli({ cli }: HttpContract, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await runToEnd(cli(...args));
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** The id in a key: what names it without opening anything. */
export function keyIdOf(key: string): string {
  return key.split('_')[1] ?? '';
}

/** Replaces a file whole, as an operator's tools do. */
export function writeJson({ path, write }: TempDirectory, name: string, value: object): string {
  write(`.${name}`, JSON.stringify(value));
  renameSync(`${path}/.${name}`, `${path}/${name}`);
  return `${path}/${name}`;
}

/** Writes a file that only we may read. */
export function writeSecret({ write }: TempDirectory, name: string, text: string): string {
  const file = write(name, text);
  chmodSync(file, 0o600);
  return file;
}

/** What a trail in a file holds. An answer comes after its record, so nothing has to be waited for. */
export function recordsIn(file: string): readonly AuditRecord[] {
  if (!existsSync(file)) return [];
  // The last piece may be the beginning of a line.
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => Object(JSON.parse(line)));
}

/** How long a change may take to be noticed on a machine that does much else; it should take a second. */
const NOTICED_MS = 15_000;

/** Asks again and again until an answer fits. */
export async function soon<Value>(
  ask: () => Promise<Value>,
  fits: (value: Value) => boolean,
): Promise<Value> {
  const end = performance.now() + NOTICED_MS;
  for (;;) {
    const value = await ask();
    if (fits(value)) return value;
    if (performance.now() > end) throw new Error(`never: ${JSON.stringify(value)}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

interface WrittenKeys {
  readonly keys: readonly { readonly principal: string }[];
}

/** Gives a key a scope of another server. The command refuses it; a file that servers share can have it. */
function giveOtherScope(file: string, principal: string): void {
  const content: WrittenKeys = JSON.parse(readFileSync(file, 'utf8'));
  const keys = content.keys.map((key) =>
    key.principal === principal ? { ...key, scopes: [OTHER_SCOPE] } : key,
  );
  // In place, so that it stays a file of its owner alone.
  writeFileSync(file, JSON.stringify({ ...content, keys }));
}
