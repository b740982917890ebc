import type { Policy } from '@secure-mcp/auth';
import type { Logger } from '@secure-mcp/logging';

import type { Call } from '../call/call.ts';
import { type Opened, openServices, parsePolicy, type Prepared } from '../cli/prepare.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import type { Reloads } from '../reload/reloads.ts';
import { watchFiles } from '../reload/watch-files.ts';
import type { WatchOptions } from '../reload/watched.ts';
import type { ServerDefinition, ServerOptions } from '../server-definition.ts';

/** Told of each change of a file, and of each that is void. */
export type ReloadListeners = Pick<WatchOptions<unknown>, 'onReloaded' | 'onFailed'>;

/** What one request is served with, from its start to its end. */
export interface Tenancy<Context> {
  readonly policy: Policy | undefined;
  /** What is served at all under the operator's options. */
  readonly scopes: readonly string[];
  contextOf(call: Call): Context;
  /** To be called once, when the request is over. */
  leave(): void;
}

/** What is served now. */
export interface Serving<Context> {
  /** As it was opened first: a policy changes neither the tools nor the warnings of the options. */
  readonly first: Opened<Context>;
  enter(): Tenancy<Context>;
  /** Called after each change of the policy. */
  onChange(listener: () => void): void;
  /** Lets go of everything. False when something did not let go in time. */
  close(): Promise<boolean>;
}

/** A policy with the services that were opened under it. It goes when the last request that uses it has gone. */
class Generation<Context> {
  readonly opened: Opened<Context>;
  readonly #logger: Logger;
  #requests = 0;
  /** There once it is retired. */
  #gone: (() => void) | undefined;
  #closing: Promise<boolean> | undefined;

  constructor(opened: Opened<Context>, logger: Logger) {
    this.opened = opened;
    this.#logger = logger;
  }

  enter(): Tenancy<Context> {
    const { services, policy } = this.opened;
    this.#requests += 1;
    let left = false;
    return {
      policy,
      scopes: services.scopes,
      contextOf: (call) => services.contextOf(call),
      leave: () => {
        if (left) return;
        left = true;
        this.#requests -= 1;
        if (this.#gone !== undefined && this.#requests === 0) this.#go(this.#gone);
      },
    };
  }

  /** Lets it go once nobody uses it any more, and then calls back. */
  retire(gone: () => void): void {
    this.#gone = gone;
    if (this.#requests === 0) this.#go(gone);
  }

  #go(gone: () => void): void {
    void this.close().then(gone);
  }

  /** Never rejects: services that fail to let go must not end the process that goes on with others. */
  close(): Promise<boolean> {
    this.#closing ??= this.opened.services.close().catch((error: unknown) => {
      this.#logger.error('services could not be closed', { error });
      return false;
    });
    return this.#closing;
  }
}

/**
 * Opens what is served, and opens it anew when the policy changes: a new policy is judged by the same
 * code that judges one at the start, and what it closes is closed everywhere, also in what a server
 * keeps of it. A request goes on under the policy that it began with.
 */
export async function openServing<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  prepared: Prepared<Options>,
  { reloads, listeners }: { readonly reloads: Reloads; readonly listeners: ReloadListeners },
): Promise<Serving<Context>> {
  const { logger } = prepared;
  /** All that were opened, so that the end finds those as well that requests still use. */
  const generations = new Set<Generation<Context>>();
  let isClosed = false;
  const open = async (policy: Policy | undefined): Promise<Generation<Context>> => {
    const generation = new Generation(await openServices(definition, prepared, policy), logger);
    generations.add(generation);
    // The end did not wait for a change that was under way.
    if (isClosed) await generation.close();
    return generation;
  };
  const close = async (): Promise<boolean> => {
    isClosed = true;
    const closed = await Promise.all([...generations].map((generation) => generation.close()));
    return closed.every(Boolean);
  };

  const { policy: file } = prepared.common;
  if (file === undefined) {
    const only = await open(undefined);
    const { opened: first } = only;
    return { first, enter: () => only.enter(), onChange: () => undefined, close };
  }
  const watched = await watchFiles({
    what: '--policy',
    paths: [file],
    parse: async ([bytes]) => open(parsePolicy(textOf('--policy', bytes))),
    ...listeners,
  });
  reloads.add('--policy', watched);
  return {
    first: watched.current.opened,
    enter: () => watched.current.enter(),
    onChange: (listener) =>
      void watched.onChange((current, former) => {
        for (const warning of current.opened.warnings) logger.warn(warning);
        former.retire(() => generations.delete(former));
        listener();
      }),
    close,
  };
}

/** The text of a file of the operator's. Throws a ConfigurationProblem. */
export function textOf(field: string, bytes: Uint8Array | undefined): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigurationProblem(field, 'the file is not UTF-8');
  }
}
