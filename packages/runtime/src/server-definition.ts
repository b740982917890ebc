import type { Policy, Scope } from '@secure-mcp/auth';
import type { Logger } from '@secure-mcp/logging';
import type * as z from 'zod';

import type { Identity } from './application.ts';
import type { Call } from './call/call.ts';
import type { commonOptions } from './config/common.ts';
import type { ToolsLock } from './mcp/lock.ts';
import type { Prompt } from './prompt.ts';
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
  readonly prompts: readonly Prompt<Context>[];
  readonly lock: ToolsLock;
  /** Scopes of tools that only a configuration makes. */
  readonly configuredScopes?: readonly Scope[];
  /**
   * Checks the configuration against the world and makes the services.
   *
   * It opens nothing that another process could miss or wait for: a client may start a server only to
   * ask for its name, and kill it. Throws a ConfigurationProblem.
   */
  open(options: z.output<Options>, parts: OpenParts): Promise<Services<Context>>;
  /** Commands besides serving. Each prints a text and ends. */
  readonly commands?: Readonly<Record<string, Command<Options>>>;
}

/** A command of a server's own, such as one that prints what an operator has to set up. */
export interface Command<Options extends ServerOptions> {
  readonly summary: string;
  /** What goes to stdout. Throws a ConfigurationProblem. */
  run(options: z.output<Options>, parts: Pick<OpenParts, 'env'>): Promise<string>;
}

export interface OpenParts {
  readonly policy: Policy | undefined;
  /** Reads a variable that holds a credential. Everything else is an option. */
  env(name: string): string | undefined;
  readonly logger: Logger;
  /** How callers will reach it: what is tolerable for one local user need not be for a network. */
  readonly transport: 'stdio' | 'http';
}

/** A directory whose files callers may read. */
export interface Readable {
  /** What callers and the operator call it. */
  readonly name: string;
  readonly path: string;
}

/** A server with a configuration, ready to serve. */
export interface Services<Context> {
  /** What the operator's options grant the local user. */
  readonly scopes: readonly string[];
  /** Everything that a tool is handed for one call. */
  contextOf(call: Call): Context;
  /** What an operator should know of this configuration; `check` prints it. */
  readonly warnings: readonly string[];
  /**
   * Directories whose files callers may read. The server's own files must not stand beneath them:
   * whoever reads the keys, the policy or the trail is told whom to be.
   */
  readonly readable?: readonly Readable[];
  /** Tools that the configuration makes, besides those of the server. */
  readonly tools?: readonly Tool<Context>[];
  /**
   * Looks at the world that a start leaves alone, for the command `check`: connects, and says what it
   * found. Throws a ConfigurationProblem.
   */
  check?(): Promise<Checked>;
  /** Lets go of everything. False when something did not let go in time. */
  close(): Promise<boolean>;
}

/** What a look at the world came to, line by line. */
export interface Checked {
  /** What is as it should be, and good to know: a version. */
  readonly facts: readonly string[];
  /** What an operator should know, and may want to mend. */
  readonly warnings: readonly string[];
}

/** Defines a server. A function of its own, so that options and context are inferred together. */
export function defineServer<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
): ServerDefinition<Options, Context> {
  return definition;
}
