import type { Policy } from '@secure-mcp/auth';

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
  #requests = 0;
  #retired = false;
  #closing: Promise<boolean> | undefined;

  constructor(opened: Opened<Context>) {
    this.opened = opened;
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
        if (this.#retired && this.#requests === 0) void this.close();
      },
    };
  }

  retire(): void {
    this.#retired = true;
    if (this.#requests === 0) void this.close();
  }

  close(): Promise<boolean> {
    this.#closing ??= this.opened.services.close();
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
  const open = async (policy: Policy | undefined): Promise<Generation<Context>> =>
    new Generation(await openServices(definition, prepared, policy));
  const { policy: file } = prepared.common;
  if (file === undefined) return servingOf(await open(undefined));
  const watched = await watchFiles({
    what: '--policy',
    paths: [file],
    parse: async ([bytes]) => open(parsePolicy(textOf('--policy', bytes))),
    ...listeners,
  });
  reloads.add('--policy', watched);
  return {
    ...servingOf(watched.current),
    enter: () => watched.current.enter(),
    onChange: (listener) =>
      void watched.onChange((_current, former) => {
        former.retire();
        listener();
      }),
    close: () => watched.current.close(),
  };
}

function servingOf<Context>(generation: Generation<Context>): Serving<Context> {
  return {
    first: generation.opened,
    enter: () => generation.enter(),
    onChange: () => undefined,
    close: () => generation.close(),
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
