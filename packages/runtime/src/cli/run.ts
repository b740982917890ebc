import { writeSync } from 'node:fs';

import { grantFor, localPrincipal, type Policy } from '@secure-mcp/auth';
import { describeError } from '@secure-mcp/logging';
import { toVisibleName } from '@secure-mcp/validation';

import { createApplication } from '../application.ts';
import { strictestSecrets } from '../call/call.ts';
import type { Caller, Rights } from '../call/dispatch.ts';
import { strictestLimits } from '../call/limits.ts';
import { commonOptions, limitsOf } from '../config/common.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import { readConfig, readTrusted } from '../config/read.ts';
import { withConfigured } from '../mcp/lock.ts';
import type { ServerDefinition, ServerOptions } from '../server-definition.ts';
import { serveOverStdio } from '../stdio/serve.ts';
import { loadHealth, loadHttp, loadInspect, loadKeys } from './apart.ts';
import { letGoOfFailedParses } from './failed-parses.ts';
import { helpText } from './help.ts';
import { staySmall } from './memory.ts';
import { nodeProblem } from './node-version.ts';
import {
  type Opened,
  openServices,
  parsePolicy,
  prepare,
  type Prepared,
  readVariable,
} from './prepare.ts';

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
  letGoOfFailedParses();
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
  const rest = args.slice(1);
  // Before the help of the server, because it has a help of its own.
  if (command === 'keys') return keys(definition, rest);
  if (args.includes('--help')) {
    const { commands = {} } = definition;
    return print(helpText({ ...identity, usage, options, commands }));
  }
  if (args.includes('--version')) return print(`${identity.version}\n`);
  const own = definition.commands?.[command];
  if (own !== undefined) {
    const given = readConfig(options, { args: rest, env: process.env });
    return print(await own.run(given, { env: readVariable }));
  }
  switch (command) {
    case 'inspect':
      return inspect(definition, rest);
    case 'check':
      return check(definition, rest);
    case 'health':
      return health(definition, rest);
    default:
      return serveEither(definition, args);
  }
}

async function keys<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  args: readonly string[],
): Promise<End> {
  const { identity, tools, resources, prompts, configuredScopes = [] } = definition;
  const scoped = [...tools, ...resources, ...prompts].map(({ scope }) => scope);
  const { runKeys } = await loadKeys();
  const text = await runKeys(args, {
    name: identity.name,
    scopes: [...new Set([...scoped, ...configuredScopes])].toSorted(),
    tell: (line) => void process.stderr.write(`${toVisibleName(line)}\n`),
  });
  return print(text);
}

function print(text: string): End {
  process.stdout.write(text);
  return CLEAN_END;
}

async function serveEither<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  args: readonly string[],
): Promise<End> {
  const prepared = prepare(definition, args);
  if (prepared.common.http === undefined) return serve(definition, prepared);
  const { serveOverHttp } = await loadHttp();
  return { code: EXIT.ok, clean: await serveOverHttp(definition, prepared) };
}

/** Says what an operator should know of a configuration and of the world that it names. */
async function check<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  args: readonly string[],
): Promise<End> {
  const prepared = prepare(definition, args);
  const opened = await openServices(definition, prepared, policyOf(prepared));
  try {
    const front =
      prepared.common.http === undefined
        ? []
        : await (await loadHttp()).checkHttp(definition, prepared, opened);
    const { facts = [], warnings = [] } = (await opened.services.check?.()) ?? {};
    for (const fact of facts) process.stdout.write(`${toVisibleName(fact)}\n`);
    for (const warning of [...opened.warnings, ...front, ...warnings])
      process.stdout.write(`warning: ${toVisibleName(warning)}\n`);
    process.stdout.write('ok\n');
  } catch (error) {
    await close(prepared, opened);
    throw error;
  }
  return close(prepared, opened);
}

/** Without options of its own it is the check of a container, for the server that runs in it. */
async function health<Options extends ServerOptions, Context>(
  { options }: ServerDefinition<Options, Context>,
  args: readonly string[],
): Promise<End> {
  const { healthProblem, optionsOfContainer } = await loadHealth();
  const given = args.length > 0 ? args : optionsOfContainer(process.argv[1] ?? '');
  const common = commonOptions
    .strip()
    .parse(readConfig(options, { args: given, env: process.env }));
  const problem = await healthProblem(common);
  process.stdout.write(`${problem ?? 'ok'}\n`);
  return { code: problem === undefined ? EXIT.ok : EXIT.fault, clean: true };
}

/** Shows what the given options would serve; without any, all that the server has. */
async function inspect<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  args: readonly string[],
): Promise<End> {
  const { identity, instructions, tools, resources, prompts, lock } = definition;
  const given = args.filter((arg) => arg !== '--json');
  const prepared = given.length === 0 ? undefined : prepare(definition, given);
  const opened = prepared && (await openServices(definition, prepared, policyOf(prepared)));
  const { inspection, inspectionText } = await loadInspect();
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
  const { clean } =
    prepared === undefined || opened === undefined ? CLEAN_END : await close(prepared, opened);
  return { code: found.reviewed ? EXIT.ok : EXIT.fault, clean };
}

async function serve<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  prepared: Prepared<Options>,
): Promise<End> {
  const { identity, resources, prompts } = definition;
  const { common, audit, logger } = prepared;
  const opened = await openServices(definition, prepared, policyOf(prepared));
  const { contextOf, tools: configured = [] } = opened.services;
  for (const warning of opened.warnings) logger.warn(warning);
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
  return close(prepared, opened);
}

function policyOf({ common: { policy } }: Pick<Prepared<never>, 'common'>): Policy | undefined {
  return policy === undefined ? undefined : parsePolicy(readTrusted('--policy', policy));
}

/** The local user, with what the options grant and the policy leaves. */
function rightsOf<Context>({ services, policy }: Opened<Context>): Rights {
  const principal = localPrincipal(services.scopes);
  return { principal, grant: grantFor(policy, principal) };
}

async function close<Context>(
  { logger }: Pick<Prepared<never>, 'logger'>,
  { services }: Opened<Context>,
): Promise<End> {
  const clean = await services.close();
  await logger.flush();
  return { code: EXIT.ok, clean };
}

function end(code: number, clean: boolean): never {
  if (clean) process.exit(code);
  // `process.exit` joins every thread, and one that waits for a dead mount never comes.
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
}
