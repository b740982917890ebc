import type { Tool } from '@secure-mcp/runtime';
import * as z from 'zod';

import { createDatabase } from '../../src/adapter/index.ts';
import { createCursors, parseConnectionUrl } from '../../src/guard/index.ts';
import { type Access, LOGIN_ROLE, type RunAs } from '../../src/policy.ts';
import type { Context } from '../../src/tools/context.ts';
import { openDatabase, type Served } from '../../src/tools/open-database.ts';
import type { TestDatabase } from '../postgres.ts';
import { MARKER, SCHEMAS } from '../questions/world.ts';

export type Facts = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly output: Facts;
  /** What a client's model reads. */
  readonly text: string;
}

const factList = z.array(z.record(z.string(), z.unknown()));

/** A list of an answer. */
export function listOf({ output }: Answer, field: string): readonly Facts[] {
  return factList.parse(output[field]);
}

/** Calls tools as one caller, on the real guard and the real adapter. */
export interface Caller {
  readonly context: Context;
  call(tool: Tool<Context>, args?: object): Promise<Answer>;
  /** Statements and relations noted for the audit trail. */
  readonly touched: readonly string[];
  close(): Promise<unknown>;
}

/** Everything of the schemas, without one relation, and with two masked columns. */
export const ACCESS: Access = {
  schemas: SCHEMAS,
  only: undefined,
  deny: [{ schema: 'app', name: `${MARKER}_denied` }],
  masks: [
    { schema: 'app', name: 'people', column: 'email', how: 'redact' },
    { schema: 'app', name: 'people', column: 'plan', how: 'hash' },
  ],
  extensions: [],
  functions: [],
};

export interface Calling {
  readonly access?: Access;
  readonly role?: string | undefined;
  readonly as?: RunAs;
  readonly principal?: string;
  readonly key?: Uint8Array;
}

const KEY = new Uint8Array(32).fill(7);
const CALL_MS = 20_000;

export function makeCaller(
  { url }: Pick<TestDatabase, 'url'>,
  { access = ACCESS, role, as = LOGIN_ROLE, principal = 'somebody', key = KEY }: Calling,
): Caller {
  const parsed = parseConnectionUrl(url(role), 'unsafe-off');
  if (!parsed.ok) throw new Error(parsed.problem);
  const limits = { timeoutMs: 10_000, lockTimeoutMs: 500 };
  const database = createDatabase({
    name: 'shop',
    target: parsed.target,
    files: { password: undefined, ca: undefined, certificate: undefined, key: undefined },
    scope: { ...access, masked: access.masks },
    limits,
    unsafePrivilegedRole: true,
    transport: 'stdio',
  });
  const touched: string[] = [];
  const views: Served['views'] = new WeakMap();
  const context: Context = {
    principalId: principal,
    cursors: createCursors(key),
    databases: [{ name: 'shop', description: undefined }],
    database: () =>
      openDatabase({
        served: { database, limits, views },
        rights: { access, as },
        run: {
          signal: AbortSignal.timeout(CALL_MS),
          deadline: performance.now() + CALL_MS,
        },
        touch: ({ name }) => touched.push(name),
      }),
  };
  return {
    context,
    touched,
    async call(tool, args = {}) {
      const input = tool.input.parse(args);
      if (!input.ok) throw new Error(`input: ${input.issues.join('; ')}`);
      const { output } = await tool.run(input.value, context);
      const shaped = tool.output.parse(output);
      if (!shaped.ok) throw new Error(`output: ${shaped.issues.join('; ')}`);
      const { summary, data } = tool.render(shaped.value);
      return { output: { ...shaped.value }, text: `${summary}\n${JSON.stringify(data)}` };
    },
    close: () => database.close(),
  };
}
