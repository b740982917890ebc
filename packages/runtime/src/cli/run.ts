import { writeSync } from 'node:fs';

import { grantFor, localPrincipal, type Policy, policySchema } from '@secure-mcp/auth';
import {
  type Audit,
  createAudit,
  createLogger,
  describeError,
  fileSink,
  type Logger,
  stderrSink,
} from '@secure-mcp/logging';
import { describeIssue, redactSecrets, toVisibleName } from '@secure-mcp/validation';

import { createApplication } from '../application.ts';
import { strictestSecrets } from '../call/call.ts';
import type { Caller, Rights } from '../call/dispatch.ts';
import { strictestLimits } from '../call/limits.ts';
import { type CommonOptions, commonOptions, limitsOf } from '../config/common.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import { readConfig, readObject } from '../config/read.ts';
import type { ServerDefinition, ServerOptions, Services } from '../server-definition.ts';
import { serveOverStdio } from '../stdio/serve.ts';
import { helpText } from './help.ts';
import { withConfigured } from '../mcp/lock.ts';
import { staySmall } from './memory.ts';
import { nodeProblem } from './node-version.ts';
import { policyWarnings } from './policy-warnings.ts';

/** How a run ends: fine, an internal fault, or a configuration that cannot be served. */
const EXIT = { ok: 0, fault: 1, configuration: 2 } as const;

/**
 * Runs a server's command line. Ends the process, because a worker that hangs in a system call would
 * keep it alive for ever.
 */
export async function run<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
): Promise<never> {
  // The protocol owns stdout. A dependency that prints would break every message after it.
  console.log = console.info = console.debug = console.error;
  staySmall();
  try {
    const problem = nodeProblem(process.version);
    if (problem !== undefined) throw new ConfigurationProblem('node', problem);
    const { code, clean } = await runCommand(definition, process.argv.slice(2));
    return end(code, clean);
  } catch (error) {
    const { name } = definition.identity;
    if (!(error instanceof ConfigurationProblem)) {
      // A message and a stack would show paths of the host; name and place are enough to find the cause.
      writeSync(2, `${name}: internal error ${JSON.stringify(describeError(error))}\n`);
      return end(EXIT.fault, true);
    }
    // Written at once: the process may have to end itself before a stream would write.
    writeSync(2, `${name}: ${toVisibleName(error.message)}\n`);
    return end(EXIT.configuration, !error.hangs);
  }
}

interface End {
  readonly code: number;
  /** False when a thread is still inside a system call that does not return. */
  readonly clean: boolean;
}

const CLEAN_END: End = { code: EXIT.ok, clean: true };

async function runCommand<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  args: readonly string[],
): Promise<End> {
  const { identity, usage, options } = definition;
  const [command = ''] = args;
  if (args.includes('--help')) {
    process.stdout.write(
      helpText({ ...identity, usage, options, commands: definition.commands ?? {} }),
    );
    return CLEAN_END;
  }
  if (args.includes('--version')) {
    process.stdout.write(`${identity.version}\n`);
    return CLEAN_END;
  }
  const own = definition.commands?.[command];
  if (own !== undefined) {
    const given = readConfig(options, { args: args.slice(1), env: process.env });
    process.stdout.write(await own.run(given, { env: readVariable }));
    return CLEAN_END;
  }
  if (command === 'inspect') return inspect(definition, args.slice(1));
  if (command === 'check') {
    const opened = await openServer(definition, args.slice(1));
    return check(opened);
  }
  return serve(definition, await openServer(definition, args));
}

/** Says what an operator should know of a configuration and of the world that it names. */
async function check<Context>(opened: Opened<Context>): Promise<End> {
  try {
    const found = (await opened.services.check?.()) ?? [];
    for (const warning of [...opened.warnings, ...found])
      process.stdout.write(`warning: ${toVisibleName(warning)}\n`);
    process.stdout.write('ok\n');
  } catch (error) {
    await close(opened);
    throw error;
  }
  return close(opened);
}

/** Only credentials are read this way: an option has a variable of its own. */
function readVariable(name: string): string | undefined {
  return process.env[name];
}

/** Shows what the given options would serve; without any, all that the server has. */
async function inspect<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  args: readonly string[],
): Promise<End> {
  const { identity, instructions, tools, resources, prompts, lock } = definition;
  const given = args.filter((arg) => arg !== '--json');
  const opened = given.length === 0 ? undefined : await openServer(definition, given);
  const { inspection, inspectionText } = await import('./inspect.ts');
  const found = inspection({
    ...identity,
    instructions,
    tools,
    resources,
    prompts,
    configured: opened?.services.tools ?? [],
    lock,
    rights: opened && rightsOf(opened),
  });
  const text = args.includes('--json')
    ? `${JSON.stringify(found, undefined, 2)}\n`
    : inspectionText(found);
  process.stdout.write(text);
  const { clean } = opened === undefined ? CLEAN_END : await close(opened);
  return { code: found.reviewed ? EXIT.ok : EXIT.fault, clean };
}

interface Opened<Context> {
  readonly services: Services<Context>;
  /** What an operator should know; `check` prints it. */
  readonly warnings: readonly string[];
  readonly policy: Policy | undefined;
  readonly common: CommonOptions;
  readonly audit: Audit;
  readonly logger: Logger;
}

async function openServer<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  args: readonly string[],
): Promise<Opened<Context>> {
  const options = readConfig(definition.options, { args, env: process.env });
  const common = commonOptions.strip().parse(options);
  const policy = common.policy === undefined ? undefined : readPolicy(common.policy);
  const stderr = stderrSink();
  const logger = createLogger({ level: common.logLevel, sink: stderr, scrub });
  const services = await definition.open(options, { policy, logger, env: readVariable });
  const tools = [...definition.tools, ...(services.tools ?? [])];
  const warnings = [...services.warnings, ...policyWarnings(policy, { ...definition, tools })];
  const sink = common.auditLog === undefined ? stderr : openAuditLog(common.auditLog);
  const audit = createAudit({ server: definition.identity.name, sink });
  return { services, warnings, policy, common, audit, logger };
}

async function serve<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  opened: Opened<Context>,
): Promise<End> {
  const { identity, resources, prompts } = definition;
  const { services, warnings, common, audit, logger } = opened;
  const { contextOf, tools: configured = [] } = services;
  for (const warning of warnings) logger.warn(warning);
  const tools = [...definition.tools, ...configured];
  const lock = withConfigured(definition.lock, configured);
  const app = createApplication({
    identity,
    tools,
    resources,
    prompts,
    lock,
    contextOf,
    audit,
    logger,
  });
  const rights = rightsOf(opened);
  const { entry } = rights.grant;
  const caller: Caller = {
    ...rights,
    limits: strictestLimits(limitsOf(common), entry?.limits),
    secrets: strictestSecrets(common.secrets, entry?.secrets),
    transport: 'stdio',
  };
  await serveOverStdio({ app, caller, audit });
  app.recordStop();
  return close(opened);
}

/** The local user, with what the options grant and the policy leaves. */
function rightsOf<Context>({ services, policy }: Opened<Context>): Rights {
  const principal = localPrincipal(services.scopes);
  return { principal, grant: grantFor(policy, principal) };
}

async function close<Context>({ services, logger }: Opened<Context>): Promise<End> {
  const clean = await services.close();
  await logger.flush();
  return { code: EXIT.ok, clean };
}

function readPolicy(path: string): Policy {
  const parsed = policySchema.safeParse(readObject('--policy', path));
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

function end(code: number, clean: boolean): never {
  if (clean) process.exit(code);
  // `process.exit` joins every thread, and one that waits for a dead mount never comes.
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
}
