import type { Audit, Logger } from '@secure-mcp/logging';

import type { Call } from './call/call.ts';
import { type Confirmations, createConfirmations } from './call/confirm.ts';
import { createConcurrency } from './call/concurrency.ts';
import { createArgumentDescriber, type DescribeArguments } from './call/describe-args.ts';
import { createDispatch, type Dispatch } from './call/dispatch.ts';
import { createPlaces } from './call/places.ts';
import { createRateLimit } from './call/rate.ts';
import { type ToolsLock, unlocked } from './mcp/lock.ts';
import type { Prompt } from './prompt.ts';
import { refuse } from './refusals.ts';
import type { Resource } from './resource.ts';
import { memoryStore } from './store/memory.ts';
import type { Store } from './store/store.ts';
import type { Tool } from './tool.ts';

export interface Identity {
  readonly name: string;
  readonly title: string;
  readonly version: string;
}

/** What a server is made of, once its configuration is known. */
export interface ApplicationParts<Context> {
  readonly identity: Identity;
  readonly tools: readonly Tool<Context>[];
  readonly resources: readonly Resource<Context>[];
  readonly prompts: readonly Prompt<Context>[];
  readonly lock: ToolsLock;
  /** Everything that a tool is handed for one call. */
  readonly contextOf: (call: Call) => Context;
  readonly audit: Audit;
  readonly logger: Logger;
  readonly bounds?: ApplicationBounds;
}

/** What bounds all callers together, and all replicas. */
export interface ApplicationBounds {
  /** Where calls and answered questions are counted. Absent: in this process. */
  readonly store?: Store;
  /** What questions are signed with; replicas that share a store have the same. 32 bytes at least. */
  readonly stateKey?: Uint8Array | undefined;
  /** The URL that clients know the server by; absent over stdio. */
  readonly resource?: string;
  /** Calls that run at the same time, whoever made them. Absent: as many as each caller's limits let. */
  readonly callsMax?: number;
}

/** A server that can be put on any transport. It holds what has to outlive a request, and nothing of a caller. */
export interface Application<Context> extends Omit<ApplicationParts<Context>, 'audit' | 'bounds'> {
  readonly dispatch: Dispatch;
  /** Absent where no tool needs a person's word. */
  readonly confirmations: Confirmations | undefined;
  readonly describeArguments: DescribeArguments;
  /** Refuses to serve tools that differ from the reviewed ones. Judged once, with the first request. */
  assertReviewed(): void;
  /** Records the end, if the start was recorded: a probe that asked nothing leaves no trace. */
  recordStop(): void;
}

export function createApplication<Context>(parts: ApplicationParts<Context>): Application<Context> {
  const { audit, bounds = {}, ...shared } = parts;
  const { store = memoryStore(), stateKey, callsMax, resource = 'stdio' } = bounds;
  const { lock } = shared;
  const { tools, resources, prompts, logger } = shared;
  let review: { readonly differs: string | undefined } | undefined;

  const recordStart = (): { readonly differs: string | undefined } => {
    const differs = unlocked(lock, { tools, resources, prompts });
    audit.record({ type: 'server.start', outcome: 'allow', tools_digest: lock.digest });
    if (differs !== undefined) {
      audit.record({ type: 'tools_lock.mismatch', outcome: 'deny', reason: differs });
      logger.error('the tools differ from tools.lock.json', { differs });
    }
    return { differs };
  };

  return {
    ...shared,
    dispatch: createDispatch({
      audit,
      logger,
      rate: createRateLimit(store),
      places: createPlaces(callsMax),
      large: createConcurrency(),
    }),
    confirmations: tools.some(({ effect }) => effect !== undefined)
      ? createConfirmations({
          answered: store,
          stateKey,
          server: `${shared.identity.name} ${resource}`,
        })
      : undefined,
    describeArguments: createArgumentDescriber(),
    assertReviewed() {
      let reviewed = review;
      try {
        reviewed ??= recordStart();
      } catch (error) {
        logger.error('the audit trail cannot be written', { error });
        return refuse('audit.unavailable');
      }
      review = reviewed;
      if (reviewed.differs !== undefined) refuse('server.tampered');
    },
    recordStop() {
      if (review === undefined) return;
      try {
        audit.record({ type: 'server.stop', outcome: 'allow' });
      } catch (error) {
        // Nobody is left to be refused.
        logger.error('the audit trail cannot be written', { error });
      }
    },
  };
}
