import { assertEntries, ENTRIES_MAX, KEPT_MS_MAX } from './entries.ts';
import type { RedisLink } from './redis-link.ts';
import { PUBLISH, PUBLISHED } from './redis-scripts.ts';
import type { SharedEntry, Store } from './store.ts';
import { StoreDown } from './store-down.ts';

/** Entries that one command writes: a whole list would make everybody else wait for longer than they do. */
const PIECE_ENTRIES = 500;
/** How much longer an entry has to stand than before to be written again, in milliseconds. */
const RENEW_MS = 3_600_000;
/** The clocks of replicas and of Redis differ by less, in milliseconds. */
const SKEW_MS = 3_600_000;

/**
 * Entries in Redis. What was heard is kept here until it ends, so that a Redis that forgets a
 * revocation makes nothing valid again; but only who published it publishes it again. What somebody
 * else wrote into Redis would otherwise come back each time that it is taken out.
 */
export function createRedisEntries(
  link: RedisLink,
  key: string,
): Pick<Store, 'publish' | 'published'> {
  const keys = [key, `${key}:stamp`];
  const bounds = [ENTRIES_MAX, KEPT_MS_MAX + SKEW_MS];
  const heard = new Map<string, number>();
  /** What is in Redis, as of the last look and of what was written since. */
  let there = new Map<string, number>();
  let stamp = '';

  const write = async (entries: readonly SharedEntry[]): Promise<void> => {
    const args = entries.flatMap(({ text, until }) => [String(Math.ceil(until)), text]);
    const fits = await link.ask((redis) =>
      redis.eval(PUBLISH, keys.length, ...keys, ...bounds, ...args),
    );
    if (fits !== 1) throw new StoreDown('too many entries');
    for (const { text, until } of entries) there.set(text, until);
    keep(heard, entries);
  };

  return {
    async publish(entries) {
      assertEntries(entries);
      const fresh = due(entries, there);
      for (let at = 0; at < fresh.length; at += PIECE_ENTRIES)
        // oxlint-disable-next-line no-await-in-loop -- Others get their turn between two pieces.
        await write(fresh.slice(at, at + PIECE_ENTRIES));
    },
    async published() {
      const answer = await link.ask((redis) =>
        redis.eval(PUBLISHED, keys.length, ...keys, ...bounds, stamp),
      );
      const [now, found] = readAnswer(answer);
      stamp = now;
      if (found !== undefined) {
        there = new Map(found.map(({ text, until }) => [text, until]));
        keep(heard, found);
        makeRoom(heard, there);
      }
      forgetEnded(heard);
      return [...heard.keys()];
    },
  };
}

/** What has not ended, and is not there or ends there much earlier. */
function due(
  entries: readonly SharedEntry[],
  there: ReadonlyMap<string, number>,
): readonly SharedEntry[] {
  const now = Date.now();
  return entries
    .filter(({ until }) => until > now)
    .map(({ text, until }) => ({ text, until: Math.min(until, now + KEPT_MS_MAX) }))
    .filter(({ text, until }) => {
      const known = there.get(text) ?? 0;
      return known < until && (known <= now || known < until - RENEW_MS);
    });
}

function keep(kept: Map<string, number>, entries: readonly SharedEntry[]): void {
  for (const { text, until } of entries) kept.set(text, Math.max(until, kept.get(text) ?? until));
}

/** Whoever writes into Redis again and again fills no memory: beyond the bound only what is there counts. */
function makeRoom(kept: Map<string, number>, there: ReadonlyMap<string, number>): void {
  if (kept.size <= 2 * ENTRIES_MAX) return;
  for (const text of kept.keys()) if (!there.has(text)) kept.delete(text);
}

function forgetEnded(kept: Map<string, number>): void {
  const now = Date.now();
  for (const [text, until] of kept) if (until <= now) kept.delete(text);
}

/** The stamp, and the entries where it is another one: text and until by turns. */
function readAnswer(
  answer: unknown,
): readonly [stamp: string, found: readonly SharedEntry[] | undefined] {
  const [stamp, found] = partsOf(answer);
  if (typeof stamp !== 'string') throw new StoreDown('failed');
  if (!Array.isArray(found)) return [stamp, undefined];
  const parts = partsOf(found).map(String);
  const entries = parts.flatMap((text, at) =>
    at % 2 === 0 ? [{ text, until: Number(parts[at + 1]) }] : [],
  );
  // Others can write there, too: what has no end would stay for good.
  return [stamp, entries.filter(({ until }) => Number.isFinite(until))];
}

function partsOf(answer: unknown): readonly unknown[] {
  return Array.isArray(answer) ? answer : [];
}
