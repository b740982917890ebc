import { type Policy, policySchema } from '@secure-mcp/auth';
import {
  type Audit,
  createAudit,
  createLogger,
  fileSink,
  type Logger,
  stderrSink,
} from '@secure-mcp/logging';
import { describeIssue, redactSecrets, toVisibleName } from '@secure-mcp/validation';
import type * as z from 'zod';

import { type CommonOptions, commonOptions } from '../config/common.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import { type Given, isGiven } from '../config/given.ts';
import { httpOptions } from '../config/http-options.ts';
import { optionsOf } from '../config/options.ts';
import { parseObject, readConfiguration } from '../config/read.ts';
import type { OpenParts, ServerDefinition, ServerOptions, Services } from '../server-definition.ts';
import { assertApart, assertOwned, ownFiles } from './own-files.ts';
import { policyWarnings } from './policy-warnings.ts';

/** A command line that has been understood, before anything is opened. */
export interface Prepared<Options extends ServerOptions> {
  readonly options: z.output<Options>;
  readonly common: CommonOptions;
  /** The keys of the options that somebody gave. */
  readonly given: ReadonlySet<string>;
  /** The file of `--config`. */
  readonly file: string | undefined;
  readonly logger: Logger;
  readonly audit: Audit;
}

export function prepare<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  args: readonly string[],
): Prepared<Options> {
  const { options, given, file } = readConfiguration(definition.options, {
    args,
    env: process.env,
  });
  const common = commonOptions.strip().parse(options);
  assertServed(definition.options, { options, given });
  assertOwned(ownFiles(definition.options, options, file));
  const stderr = stderrSink();
  const logger = createLogger({ level: common.logLevel, sink: stderr, scrub });
  const sink = common.auditLog === undefined ? stderr : openAuditLog(common.auditLog);
  const audit = createAudit({ server: definition.identity.name, sink });
  return { options, common, given, file, logger, audit };
}

/** Whoever gives an option of the front means it to protect something, so it is never without effect. */
function assertServed(schema: ServerOptions, given: Given): void {
  if (given.options['http'] !== undefined) return;
  const idle = optionsOf(schema).find(
    ({ key }) => Object.hasOwn(httpOptions, key) && isGiven(key, given),
  );
  if (idle !== undefined) throw new ConfigurationProblem(idle.flag, 'needs --http');
}

/** What is served under one policy. A change of the policy opens everything anew, and judges it as a start does. */
export interface Opened<Context> {
  readonly services: Services<Context>;
  readonly policy: Policy | undefined;
  /** What an operator should know; `check` prints it. */
  readonly warnings: readonly string[];
}

export async function openServices<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  { options, common, file, logger }: Prepared<Options>,
  policy: Policy | undefined,
): Promise<Opened<Context>> {
  const transport: OpenParts['transport'] = common.http === undefined ? 'stdio' : 'http';
  const services = await definition.open(options, { policy, logger, env: readVariable, transport });
  try {
    assertApart(ownFiles(definition.options, options, file), services.readable ?? []);
  } catch (error) {
    await services.close();
    throw error;
  }
  const tools = [...definition.tools, ...(services.tools ?? [])];
  const warnings = [...services.warnings, ...policyWarnings(policy, { ...definition, tools })];
  return { services, policy, warnings };
}

/** Only credentials are read this way: an option has a variable of its own. */
export function readVariable(name: string): string | undefined {
  return process.env[name];
}

/** Reads a policy out of its text. Throws a ConfigurationProblem that names the place. */
export function parsePolicy(text: string): Policy {
  const parsed = policySchema.safeParse(parseObject('--policy', text));
  if (parsed.success) return parsed.data;
  // The operator wrote this file, so the operator is told which of its words is wrong.
  const [issue] = parsed.error.issues;
  const place = issue?.path.map(String).join('.') ?? '';
  const unknown = issue?.code === 'unrecognized_keys' ? ` ${issue.keys.join(', ')}` : '';
  const problem = issue === undefined ? 'invalid' : describeIssue({ ...issue, path: [] });
  throw new ConfigurationProblem(
    '--policy',
    `${place === '' ? '' : `${place}: `}${problem}${unknown}`,
  );
}

function openAuditLog(path: string): ReturnType<typeof fileSink> {
  try {
    return fileSink(path);
  } catch {
    throw new ConfigurationProblem(
      '--audit-log',
      'the file cannot be opened for appending, or others can write to it',
    );
  }
}

/** What every text of the log passes: no secret, nothing hidden. */
function scrub(text: string): string {
  return toVisibleName(redactSecrets(text).text);
}
