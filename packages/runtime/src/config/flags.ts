import { parseArgs } from 'node:util';

import type { Option } from './options.ts';
import { ConfigurationProblem } from './problem.ts';
import { valueFromText } from './value.ts';

/** A structure on a command line would be a language of its own. */
export const IN_FILE = 'is given in the file of --config only';

/** What the command line says. */
export interface Flags {
  readonly values: Readonly<Record<string, unknown>>;
  /** The value of `--config`. */
  readonly file: string | undefined;
}

/** Reads a command line. Every flag has to be known, and given once unless it is a list. */
export function readFlags(options: readonly Option[], args: readonly string[]): Flags {
  const values: Record<string, unknown> = {};
  const positionals: string[] = [];
  let file: string | undefined;
  for (const token of tokensOf(options, args)) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.rawName === '--config') {
      if (file !== undefined) throw new ConfigurationProblem('--config', 'given twice');
      file = required(token.rawName, token.value);
    } else take(options, token.rawName, token.value, values);
  }
  takePositionals(options, positionals, values);
  return { values, file };
}

/** The parser gets the kinds only; what it does not know it passes on, and we name it. */
function tokensOf(options: readonly Option[], args: readonly string[]) {
  const kinds = Object.fromEntries(
    options.map(({ flag, kind }): [string, { type: 'boolean' | 'string' }] => [
      flag.slice(2),
      { type: kind === 'switch' ? 'boolean' : 'string' },
    ]),
  );
  return parseArgs({
    args: [...args],
    options: { ...kinds, config: { type: 'string' } },
    strict: false,
    tokens: true,
  }).tokens;
}

function take(
  options: readonly Option[],
  name: string,
  text: string | undefined,
  values: Record<string, unknown>,
): void {
  const option = options.find(({ flag, positional }) => flag === name && !positional);
  if (option === undefined) throw new ConfigurationProblem(name, 'unknown option');
  if (option.kind === 'file') throw new ConfigurationProblem(name, IN_FILE);
  const before = values[option.key];
  if (option.kind === 'list') {
    values[option.key] = [...listOf(before), required(name, text)];
    return;
  }
  if (before !== undefined) throw new ConfigurationProblem(name, 'given twice');
  values[option.key] =
    option.kind === 'switch' ? on(name, text) : valueFromText(option, required(name, text));
}

function takePositionals(
  options: readonly Option[],
  positionals: readonly string[],
  values: Record<string, unknown>,
): void {
  const [first] = positionals;
  if (first === undefined) return;
  const option = options.find(({ positional }) => positional);
  if (option === undefined) throw new ConfigurationProblem(first, 'unexpected argument');
  values[option.key] = [...positionals];
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function on(name: string, text: string | undefined): true {
  if (text !== undefined) throw new ConfigurationProblem(name, 'takes no value');
  return true;
}

function required(name: string, text: string | undefined): string {
  if (text === undefined || text === '') throw new ConfigurationProblem(name, 'needs a value');
  return text;
}
