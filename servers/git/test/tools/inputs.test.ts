import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { tools } from '../../src/tools/index.ts';

/** One parameter of one tool, as a client is told of it. */
interface Parameter {
  readonly tool: string;
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** A call of each tool that is accepted, so that only the parameter under test can be refused. */
const ACCEPTED: Readonly<Record<string, object>> = {
  git_file: { path: 'README.md' },
  git_grep: { pattern: 'text' },
  git_blame: { path: 'README.md' },
  git_compare: { base: 'main' },
};

/** What stands beside a parameter that belongs to something. */
const BESIDE: Readonly<Record<string, object>> = {
  'git_diff.base': { mode: 'range' },
  'git_diff.head': { mode: 'range', base: 'main' },
  'git_diff.merge_base': { mode: 'range', base: 'main' },
};

const parameters: readonly Parameter[] = tools.flatMap(({ name: tool, input }) =>
  Object.entries(Object(input.json('input')['properties'])).map(([name, schema]) => ({
    tool,
    name,
    schema: { ...Object(schema) },
  })),
);

function isAccepted({ tool: name, name: parameter }: Parameter, value: unknown): boolean {
  const tool = tools.find((candidate) => candidate.name === name);
  const beside = BESIDE[`${name}.${parameter}`] ?? {};
  return tool?.input.parse({ ...ACCEPTED[name], ...beside, [parameter]: value }).ok ?? true;
}

/** A value in the form that a parameter takes: itself, or the only item of a list. */
function shaped({ schema }: Parameter, value: unknown): unknown {
  return schema['type'] === 'array' ? [value] : value;
}

/** What is looked for, and paths, are the data's own: `--output=x` may be the name of a file. */
const FREE = new Set([
  'path',
  'paths',
  'pattern',
  'author',
  'message',
  'changed_text',
  'name',
  // Sealed: whatever was not written here is refused when it is opened, not before.
  'cursor',
]);

const OPTIONS = [
  '--output=/tmp/pwned',
  '--outp=pwned',
  '-O',
  '-vu',
  '--upload-pack=touch pwned',
  '--open-files-in-pager=sh',
  '-c core.fsmonitor=x',
  '--no-index',
  '--',
  '--end-of-options',
  '-',
];

/** Ends an argument, a line or a record somewhere below. */
const BREAKERS = ['main\0', 'a\0b', '\0', '\ud800', 'a\udfff'];

const CONTROLS = ['a\nb', 'main\r', '\u001b[2J', 'a\u0007', '\tmain', 'main\u007f', '\u0085'];

const named = parameters.map(
  (parameter) => [`${parameter.tool}.${parameter.name}`, parameter] as const,
);

describe('every parameter of every tool', () => {
  test('all of them are here', () => {
    expect(parameters.length).toBeGreaterThan(80);
    for (const { name } of tools) {
      const tool = tools.find((candidate) => candidate.name === name);
      expect([name, tool?.input.parse(ACCEPTED[name] ?? {})]).toMatchObject([name, { ok: true }]);
    }
  });

  test.each(named.filter(([, { name }]) => !FREE.has(name)))(
    verifies('C2.arguments', '%s takes no option'),
    (_name, parameter) => {
      const taken = OPTIONS.filter((value) => isAccepted(parameter, shaped(parameter, value)));
      expect(taken).toEqual([]);
    },
  );

  test.each(named)('%s takes no NUL and no half of a character', (_name, parameter) => {
    const taken = BREAKERS.filter((value) => isAccepted(parameter, shaped(parameter, value)));
    expect(taken).toEqual([]);
  });

  test.each(named.filter(([, { name }]) => !FREE.has(name)))(
    '%s takes no control character',
    (_name, parameter) => {
      const taken = CONTROLS.filter((value) => isAccepted(parameter, shaped(parameter, value)));
      expect(taken).toEqual([]);
    },
  );

  test.each(named)(
    verifies('C1.bounds', '%s takes nothing that is too long'),
    (_name, parameter) => {
      const item = { ...Object(parameter.schema['items']) };
      const longest = Number(parameter.schema['maxLength'] ?? item['maxLength'] ?? 0);
      expect(isAccepted(parameter, shaped(parameter, 'a'.repeat(longest + 1)))).toBe(false);
      const most = Number(parameter.schema['maxItems'] ?? 0);
      expect(
        isAccepted(
          parameter,
          Array.from({ length: most + 1 }, () => 'a'),
        ),
      ).toBe(false);
      const largest = Number(parameter.schema['maximum'] ?? Number.MAX_SAFE_INTEGER);
      expect(isAccepted(parameter, largest + 1)).toBe(false);
      expect(isAccepted(parameter, Number(parameter.schema['minimum'] ?? 0) - 1)).toBe(false);
    },
  );

  test.each(named)(
    verifies('C1.strict', '%s takes nothing of another type'),
    (_name, parameter) => {
      const others = [null, {}, { a: 1 }, [[]], 1.5, Infinity, '', 'true'].filter(
        (value) => !(value === '' && FREE.has(parameter.name)),
      );
      const taken = others.filter((value) => isAccepted(parameter, value));
      // A text can be the name of a branch, of a file or of a repository.
      const isText = parameter.schema['type'] === 'string' && !('enum' in parameter.schema);
      expect(taken).toEqual(
        isText && parameter.name !== 'since' && parameter.name !== 'until' ? ['true'] : [],
      );
    },
  );
});

test.each(tools.map((tool) => [tool.name, tool] as const))(
  verifies('C1.strict', 'C1.no-echo', '%s takes no field that it does not know'),
  (name, tool) => {
    const parsed = tool.input.parse({ ...ACCEPTED[name], '--output': 'x' });
    expect(parsed.ok).toBe(false);
    expect(JSON.stringify(parsed)).not.toContain('--output');
  },
);

test.each([
  [{ mode: 'range' }],
  [{ head: 'side' }],
  [{ merge_base: true }],
  [{ base: 'main' }],
  [{ mode: 'staged', head: 'side' }],
  [{ mode: 'head', base: 'main', merge_base: true }],
])('git_diff refuses %j: the ends of a range belong to a range', (args) => {
  const diff = tools.find(({ name }) => name === 'git_diff');
  expect(diff?.input.parse(args).ok).toBe(false);
});

test('lines that end before they begin are refused', () => {
  for (const name of ['git_file', 'git_blame']) {
    const tool = tools.find((candidate) => candidate.name === name);
    const lines = (start: number, end: number) =>
      tool?.input.parse({ path: 'a', start_line: start, end_line: end }).ok;
    expect([lines(2, 1), lines(2, 2), lines(1, 9)]).toEqual([false, true, true]);
  }
});
