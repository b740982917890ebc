/**
 * Reads a cell of 60 MB in a process of its own, and says by how many MB the process grew at most.
 * Run by `meter.test.ts`.
 */
import { Refusal } from '@secure-mcp/validation';
import * as z from 'zod';

import { createDatabase } from '../../src/adapter/index.ts';
import { parseConnectionUrl } from '../../src/guard/dsn.ts';
import type { ReadStatement } from '../../src/guard/statement.ts';

const parsed = parseConnectionUrl(process.argv[2] ?? '');
if (!parsed.ok) throw new Error(parsed.problem);
const database = createDatabase({
  name: 'test',
  target: parsed.target,
  files: {},
  scope: { schemas: [], extensions: [], functions: [], masked: [] },
  limits: { timeoutMs: 20_000, lockTimeoutMs: 500 },
  transport: 'stdio',
});

async function read(text: string): Promise<string> {
  const statement = z.custom<ReadStatement>(() => true).parse({ text, parameters: 0 });
  const how = { parameters: [], as: { role: undefined, settings: {} }, searchPath: [] };
  const run = { signal: new AbortController().signal, deadline: performance.now() + 20_000 };
  try {
    await database.read(statement, { ...how, skip: 0, limit: 100 }, run);
    return 'none';
  } catch (error) {
    return error instanceof Refusal ? error.code : 'fault';
  }
}

// Everything is loaded, and the heap has its size, before anything is measured.
for (let at = 0; at < 20; at += 1) await read(`SELECT repeat('x', 1000000)`);
globalThis.gc?.();
const before = process.memoryUsage.rss();
let most = before;
const watch = setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss());
}, 1);
const code = await read(`SELECT repeat('x', 60000000)`);
clearInterval(watch);
most = Math.max(most, process.memoryUsage.rss());
process.stdout.write(JSON.stringify({ code, grown: (most - before) / 1_048_576 }));
await database.close();
