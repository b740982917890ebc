import {
  createRevocations,
  parseRevocations,
  type Revocation,
  revocationFromText,
  type Revocations,
  revocationToText,
} from '@secure-mcp/auth/network';
import type { Logger } from '@secure-mcp/logging';

import { parseObject } from '../config/read.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import type { Reloads } from '../reload/reloads.ts';
import { watchFiles } from '../reload/watch-files.ts';
import type { Watched } from '../reload/watched.ts';
import type { SharedEntry, Store } from '../store/store.ts';
import { type ReloadListeners, textOf } from './serving.ts';

/** How often replicas ask each other, in milliseconds: what one of them learns holds everywhere within a second. */
const ASK_MS = 400;
/** How long an entry without an end is remembered after the last replica whose file has it went, in milliseconds. */
const REMEMBERED_MS = 86_400_000;
/** How often a replica says its own entries again, in milliseconds. */
const REPEAT_MS = 3_600_000;

export interface RevocationParts {
  readonly file: string | undefined;
  /** Absent where there are no replicas to tell. */
  readonly shared: Pick<Store, 'publish' | 'published'> | undefined;
  readonly reloads: Reloads;
  readonly listeners: ReloadListeners;
  readonly logger: Logger;
}

/** What is revoked now. */
export interface RevocationFeed {
  current(): Revocations;
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
  const { shared, logger } = parts;
  const own = await watchOwn(parts);
  const listeners: (() => void)[] = [];
  let heard: readonly string[] = [];
  let saidAt = -Infinity;
  let revocations = createRevocations(own?.current ?? NONE);

  const renew = (): void => {
    const fromOthers = heard.flatMap((text) => revocationFromText(text) ?? []);
    revocations = createRevocations([...(own?.current ?? NONE), ...fromOthers]);
    for (const listener of listeners) listener();
  };

  const ask = async (): Promise<void> => {
    if (shared === undefined) return;
    try {
      if (performance.now() - saidAt > REPEAT_MS) {
        await shared.publish((own?.current ?? NONE).map(toShared));
        saidAt = performance.now();
      }
      const texts = (await shared.published()).toSorted();
      if (isSame(texts, heard)) return;
      heard = texts;
      renew();
    } catch (error) {
      // The last that was heard stays in force; the store says itself that it is down.
      logger.debug('revocations cannot be shared', { error });
    }
  };

  own?.onChange(() => {
    saidAt = -Infinity;
    renew();
  });
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const askAgain = async (): Promise<void> => {
    await ask();
    if (!closed && shared !== undefined) timer = setTimeout(() => void askAgain(), ASK_MS).unref();
  };
  await askAgain();
  return {
    current: () => revocations,
    onChange: (listener) => void listeners.push(listener),
    close() {
      closed = true;
      clearTimeout(timer);
    },
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

function toShared(entry: Revocation): SharedEntry {
  const until = entry.until === undefined ? Date.now() + REMEMBERED_MS : Date.parse(entry.until);
  return { text: revocationToText(entry), until };
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
