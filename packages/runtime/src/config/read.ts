import { readFileSync, type Stats, statSync } from 'node:fs';

import { describeIssue, JSON_FILE_LIMITS, parseStrictJson } from '@secure-mcp/validation';
import type * as z from 'zod';

import { accessProblem, FILE_BYTES_MAX } from '../reload/file-access.ts';
import { placeProblem } from '../reload/file-place.ts';
import { whyUnread } from '../reload/why-unread.ts';
import { IN_FILE, readFlags } from './flags.ts';
import { type Option, optionsOf, VARIABLE_PREFIX } from './options.ts';
import { ConfigurationProblem } from './problem.ts';
import { valueFromText } from './value.ts';

export interface ConfigSources {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What was configured, and what of it somebody gave. */
export interface Configuration<Values> {
  readonly options: Values;
  /** The keys of the options that any source names; the others have their defaults. */
  readonly given: ReadonlySet<string>;
  /** The file that `--config` names. */
  readonly file: string | undefined;
}

/** Reads the configuration, and gives the values of the options only. */
export function readConfig<Options extends z.ZodObject>(
  schema: Options,
  sources: ConfigSources,
): z.output<Options> {
  return readConfiguration(schema, sources).options;
}

/**
 * Reads the configuration: flags over environment over file over defaults. What closes something adds up.
 *
 * Whatever is not understood stops the start: a mistyped `--polcy` that is skipped would leave the
 * server open. Nothing is read from the working directory, because there the data under inspection
 * would configure its inspector.
 */
export function readConfiguration<Options extends z.ZodObject>(
  schema: Options,
  { args, env }: ConfigSources,
): Configuration<z.output<Options>> {
  const options = optionsOf(schema);
  const flags = readFlags(options, args);
  const variables = readVariables(options, env);
  const path = flags.file ?? env[`${VARIABLE_PREFIX}CONFIG`];
  const file = path === undefined ? {} : parseObject('--config', readTrusted('--config', path));
  const sources = [file, variables, flags.values];
  const given = { ...file, ...variables, ...flags.values, ...additions(options, sources) };
  const result = schema.safeParse(given);
  if (result.success)
    return { options: result.data, given: new Set(Object.keys(given)), file: path };
  throw problemOf(result.error, given, (key) => fieldName(options, key, flags.values, variables));
}

/** Lists to which every source adds. */
function additions(
  options: readonly Option[],
  sources: readonly Readonly<Record<string, unknown>>[],
): Record<string, unknown> {
  const adding = options.filter(({ adds }) => adds);
  return Object.fromEntries(
    adding.flatMap(({ key, flag }) => {
      const lists = sources.map((source) => source[key]).filter((list) => list !== undefined);
      // One that is no list would be covered by the next one, and what it closes would be open.
      if (!lists.every((list) => Array.isArray(list)))
        throw new ConfigurationProblem(flag, 'expected a list in every source');
      return lists.length > 0 ? [[key, lists.flat()]] : [];
    }),
  );
}

/** A key that nobody knows is the likelier mistake than the one that is missing for it. */
function problemOf(
  { issues }: z.ZodError,
  given: object,
  nameOf: (key: string) => string,
): ConfigurationProblem {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) return new ConfigurationProblem('--config', 'invalid');
  const [key = '', ...within] = placeOf(issue);
  // What is not there at all is not of another type.
  const isMissing = issue.code === 'invalid_type' && issue.path.length === 1 && !(key in given);
  const what = isMissing ? 'is missing; see --help' : describeIssue({ ...issue, path: [] });
  return new ConfigurationProblem([nameOf(key), ...within].join('.'), what);
}

/** Where an issue is: for a key that nobody knows, down to that key, which the operator wrote. */
function placeOf(issue: z.core.$ZodIssue): readonly string[] {
  const path = issue.path.map(String);
  return issue.code === 'unrecognized_keys' ? [...path, ...issue.keys.slice(0, 1)] : path;
}

/** Reads a JSON file with one meaning: no duplicate keys, no surprise. */
export function readObject(field: string, path: string): Record<string, unknown> {
  return parseObject(field, readText(field, path));
}

/** Reads one JSON object out of its text. */
export function parseObject(field: string, text: string): Record<string, unknown> {
  const parsed = parseStrictJson(text, JSON_FILE_LIMITS);
  if (!parsed.ok) throw new ConfigurationProblem(field, `not valid JSON (${parsed.problem})`);
  const { value } = parsed;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigurationProblem(field, 'the file must hold one JSON object');
  }
  return { ...value };
}

/**
 * Reads a text file that decides what is served, or for whom. Whoever else can write it, or put
 * another in its place, would decide it, so then it throws a ConfigurationProblem.
 */
export function readTrusted(field: string, path: string): string {
  assertTrusted(field, path);
  return readText(field, path);
}

/** Throws a ConfigurationProblem for a file that others can change or replace, and for none. */
export function assertTrusted(field: string, path: string): void {
  const stats = statOf(field, path);
  const wrong = accessProblem(stats, false) ?? placeProblem(path);
  if (wrong !== undefined) throw new ConfigurationProblem(field, `the file ${wrong}`);
}

function statOf(field: string, path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw new ConfigurationProblem(field, `the file ${whyUnread(error)}`);
  }
}

/** Reads a whole text file, within a bound. Throws a ConfigurationProblem. */
function readText(field: string, path: string): string {
  try {
    const { size } = statSync(path);
    if (size > FILE_BYTES_MAX) throw new ConfigurationProblem(field, 'the file is too large');
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof ConfigurationProblem) throw error;
    throw new ConfigurationProblem(field, `the file ${whyUnread(error)}`);
  }
}

function readVariables(
  options: readonly Option[],
  env: ConfigSources['env'],
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(VARIABLE_PREFIX) || value === undefined) continue;
    if (name === `${VARIABLE_PREFIX}CONFIG`) continue;
    const option = options.find(({ variable }) => variable === name);
    if (option === undefined) throw new ConfigurationProblem(name, 'unknown variable');
    if (option.kind === 'file') throw new ConfigurationProblem(name, IN_FILE);
    values[option.key] =
      option.kind === 'list' ? listFromText(name, value) : valueFromText(option, value);
  }
  return values;
}

/** One variable holds a whole list: a JSON list, or its only item as it is. */
function listFromText(name: string, text: string): unknown {
  if (!text.startsWith('[')) return [text];
  const parsed = parseStrictJson(text);
  return parsed.ok ? parsed.value : problem(name, 'not a valid JSON list');
}

function problem(field: string, what: string): never {
  throw new ConfigurationProblem(field, what);
}

/** Names the place where the operator wrote the value. */
function fieldName(
  options: readonly Option[],
  key: string,
  flags: Readonly<Record<string, unknown>>,
  variables: Readonly<Record<string, unknown>>,
): string {
  const option = options.find((candidate) => candidate.key === key);
  if (option === undefined) return `--config: ${key}`;
  if (option.kind === 'file') return key;
  if (Object.hasOwn(flags, key)) return option.positional ? option.value : option.flag;
  if (Object.hasOwn(variables, key)) return option.variable;
  return option.positional ? option.value : option.flag;
}
