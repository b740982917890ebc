import type { Tool } from '@secure-mcp/runtime';
import * as z from 'zod';

import { createRepositories, findGit } from '../../src/adapter/index.ts';
import { parseRepositoryId, readCursor, refuse, writeCursor } from '../../src/guard/index.ts';
import type { RepositoryId } from '../../src/guard/index.ts';
import type { Context } from '../../src/tools/context.ts';
import { tools } from '../../src/tools/index.ts';

export type Facts = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly output: Facts;
  /** What the server says, and what it found. */
  readonly text: string;
  /** Secrets that the tool has covered itself. */
  readonly hidden: number;
}

/** Calls tools on the real guard and the real adapter. */
export interface Caller {
  readonly context: Context;
  call(name: string, args?: object): Promise<Answer>;
  close(): Promise<boolean>;
}

const CALL_MS = 60_000;

/** A caller who may use all of the roots, by their names. */
export function makeCaller(
  roots: Readonly<Record<string, string>>,
  secrets: Context['secrets'] = 'redact',
): Caller {
  const repositories = createRepositories({
    roots: Object.entries(roots).map(([name, path]) => ({ name, path })),
    git: findGit(undefined) ?? '',
    privateDirectory: undefined,
    prefix: 'secure-mcp-git-test-',
    onWarning: () => {},
  });
  let hidden = 0;
  const names = Object.keys(roots);
  const run = () => ({
    signal: AbortSignal.timeout(CALL_MS),
    deadline: performance.now() + CALL_MS,
  });
  const only = (id: RepositoryId | undefined): RepositoryId =>
    id ?? (names.length === 1 ? parseRepositoryId(names[0] ?? '') : refuse('repository.unknown'));
  const context: Context = {
    roots: names,
    find: (how) => repositories.find(names, how, run()),
    open: async (id) => repositories.open(only(id), run(), names),
    audit: async (id) => repositories.audit(only(id), run(), names),
    readCursor,
    writeCursor,
    secrets,
    hide: (count) => {
      hidden += count;
    },
  };
  return {
    context,
    async call(name, args = {}) {
      hidden = 0;
      const tool = toolNamed(name);
      const input = tool.input.parse(args);
      if (!input.ok) throw new Error(`input: ${input.issues.join('; ')}`);
      const { output } = await tool.run(input.value, context);
      const parsed = tool.output.parse(output);
      if (!parsed.ok) throw new Error(`output: ${parsed.issues.join('; ')}`);
      return { output: { ...parsed.value }, text: textOf(tool, parsed.value), hidden };
    },
    close: () => repositories.close(),
  };
}

function toolNamed(name: string): Tool<Context> {
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  return tool;
}

function textOf(tool: Tool<Context>, output: object): string {
  const { summary, data = [] } = tool.render(output);
  const found = typeof data === 'string' ? [data] : data.flatMap(({ head, text }) => [head, text]);
  return [summary, ...found].join('\n');
}

const list = z.array(z.record(z.string(), z.unknown()));

/** A list of an answer. */
export function listOf({ output }: Answer, field: string): readonly Facts[] {
  return list.parse(output[field]);
}

/** All pages of one question, as one list. */
export async function allPages(
  { call }: Caller,
  name: string,
  args: object,
  field: string,
): Promise<readonly Facts[]> {
  const found: Facts[] = [];
  for (let cursor: unknown; ;) {
    const answer = await call(name, { ...args, ...(cursor !== undefined && { cursor }) });
    found.push(...listOf(answer, field));
    cursor = answer.output['next_cursor'];
    if (cursor === undefined) return found;
  }
}

export function textField({ output }: Answer, field: string): string {
  return z.string().parse(output[field]);
}
