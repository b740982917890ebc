import {
  createRevocations,
  parseRevocations,
  type Revocation,
  revocationFromText,
  type Revocations,
} from '@secure-mcp/auth/network';
import type { Logger } from '@secure-mcp/logging';

import { parseObject } from '../config/read.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import { oneAtATime } from '../reload/one-at-a-time.ts';
import type { Reloads } from '../reload/reloads.ts';
import { watchFiles } from '../reload/watch-files.ts';
import type { Watched } from '../reload/watched.ts';
import { createSharing, type SharingParts } from './revocation-sharing.ts';
import { warningsOfRevocations } from './revocation-warnings.ts';
import { type ReloadListeners, textOf } from './serving.ts';

/** How often replicas ask each other, in milliseconds: what one of them learns holds everywhere within a second. */
const ASK_MS = 400;

export interface RevocationParts {
  readonly file: string | undefined;
  /** Whose tokens are accepted; absent where no issuer's are. */
  readonly issuer?: string | undefined;
  /** Absent where there are no replicas to tell. */
  readonly shared: SharingParts['store'] | undefined;
  readonly reloads: Reloads;
  readonly listeners: ReloadListeners;
  /** Told how many revocations came from other replicas that were not known here. They count by then. */
  readonly onHeard: (count: number) => void;
  readonly logger: Logger;
}

/** What is revoked now. */
export interface RevocationFeed {
  current(): Revocations;
  /** What an operator should know of the file as it is now. */
  warnings(): readonly string[];
  /** Called when more may be revoked than before. */
  onChange(listener: () => void): void;
  close(): void;
}

const NONE: readonly Revocation[] = [];

/**
 * Keeps the revocations current: from the operator's file, and from the other replicas. An entry that
 * leaves the file of one replica stays with the others until its end: revoking is easy, undoing is not.
 */
export async function openRevocations(parts: RevocationParts): Promise<RevocationFeed> {
  const { shared: store, reloads, issuer, onHeard, logger } = parts;
  const own = await watchOwn(parts);
  const listeners: (() => void)[] = [];
  const sharing = store === undefined ? undefined : createSharing({ ...parts, store });
  let revocations = createRevocations(own?.current ?? NONE);

  const renew = (): void => {
    const heard = [...(sharing?.heard ?? [])].flatMap((text) => revocationFromText(text) ?? []);
    revocations = createRevocations([...(own?.current ?? NONE), ...heard]);
    for (const listener of listeners) listener();
  };
  const warnings = (): readonly string[] => warningsOfRevocations(own?.current ?? NONE, issuer);
  own?.onChange(() => {
    renew();
    for (const warning of warnings()) logger.warn(warning);
  });

  const ask = oneAtATime(async (): Promise<void> => {
    if (sharing === undefined) return;
    try {
      const { changed, news } = await sharing.exchange(own?.current ?? NONE);
      if (changed) renew();
      if (news > 0) onHeard(news);
    } catch (error) {
      logger.error('what replicas share cannot be recorded', { error });
    }
  });
  const stop = sharing === undefined ? () => undefined : await repeat(ask);
  if (sharing !== undefined) {
    reloads.add('--store', {
      get healthy() {
        return sharing.healthy;
      },
      reload: ask,
      close: () => undefined,
    });
  }
  return {
    current: () => revocations,
    warnings,
    onChange: (listener) => void listeners.push(listener),
    close: stop,
  };
}
/** Asks once, and again and again from then on. Gives back how to stop. */
async function repeat(ask: () => Promise<void>): Promise<() => void> {
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const again = async (): Promise<void> => {
    await ask();
    if (!closed) timer = setTimeout(() => void again(), ASK_MS).unref();
  };
  await again();
  return () => {
    closed = true;
    clearTimeout(timer);
  };
}

async function watchOwn({
  file,
  reloads,
  listeners,
}: RevocationParts): Promise<Watched<readonly Revocation[]> | undefined> {
  if (file === undefined) return undefined;
  const watched = await watchFiles({
    what: '--revocations',
    paths: [file],
    parse: ([bytes]) => parseFile(textOf('--revocations', bytes)),
    ...listeners,
  });
  return reloads.add('--revocations', watched);
}

function parseFile(text: string): readonly Revocation[] {
  const parsed = parseRevocations(parseObject('--revocations', text));
  if (parsed.ok) return parsed.revoked;
  throw new ConfigurationProblem('--revocations', parsed.problem);
}
