import type { Policy } from '@secure-mcp/auth';
import type { Logger } from '@secure-mcp/logging';
import type * as z from 'zod';

import type { Identity } from './application.ts';
import type { Call } from './call/call.ts';
import type { commonOptions } from './config/common.ts';
import type { ToolsLock } from './mcp/lock.ts';
import type { Resource } from './resource.ts';
import type { Tool } from './tool.ts';

/** A server's options: the common ones and its own. */
export type ServerOptions = z.ZodObject<(typeof commonOptions)['shape'] & z.core.$ZodLooseShape>;

/** What a server is, before it has a configuration. */
export interface ServerDefinition<Options extends ServerOptions, Context> {
  readonly identity: Identity;
  /** What a model is told about the server as a whole. Served from the lock. */
  readonly instructions: string;
  /** How the plain arguments are described in the help text. */
  readonly usage: string;
  readonly options: Options;
  readonly tools: readonly Tool<Context>[];
  readonly resources: readonly Resource<Context>[];
  readonly lock: ToolsLock;
  /**
   * Checks the configuration against the world and makes the services.
   *
   * It opens nothing that another process could miss or wait for: a client may start a server only to
   * ask for its name, and kill it. Throws a ConfigurationProblem.
   */
  open(options: z.output<Options>, parts: OpenParts): Promise<Services<Context>>;
}

export interface OpenParts {
  readonly policy: Policy | undefined;
  readonly logger: Logger;
}

/** A server with a configuration, ready to serve. */
export interface Services<Context> {
  /** What the operator's options grant the local user. */
  readonly scopes: readonly string[];
  /** Everything that a tool is handed for one call. */
  contextOf(call: Call): Context;
  /** What an operator should know of this configuration; `check` prints it. */
  readonly warnings: readonly string[];
  /** Lets go of everything. False when something did not let go in time. */
  close(): Promise<boolean>;
}

/** Defines a server. A function of its own, so that options and context are inferred together. */
export function defineServer<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
): ServerDefinition<Options, Context> {
  return definition;
}
