import { type Revocation, revocationToText } from '@secure-mcp/auth/network';
import type { Logger } from '@secure-mcp/logging';

import type { SharedEntry, Store } from '../store/store.ts';
import type { ReloadListeners } from './serving.ts';

/** How long an entry without an end is remembered after the last replica whose file has it went, in milliseconds. */
const REMEMBERED_MS = 86_400_000;
/** A failure that lasts as long is told, in milliseconds: a store that goes down says so itself. */
const LASTS_MS = 5000;

export interface SharingParts {
  readonly store: Pick<Store, 'publish' | 'published' | 'healthy'>;
  readonly listeners: ReloadListeners;
  readonly logger: Logger;
}

interface Exchanged {
  /** True when something else is heard than before. */
  readonly changed: boolean;
  /** How many came from another replica and were not known here. */
  readonly news: number;
}

/** What the replicas tell each other. */
export interface Sharing {
  /** Tells the entries of this replica, and hears the others. */
  exchange(own: readonly Revocation[]): Promise<Exchanged>;
  /** The last that was heard: it stays in force while nothing is. */
  readonly heard: ReadonlySet<string>;
  /** False while this replica cannot tell its entries, or hears nobody, although the store is there. */
  readonly healthy: boolean;
}

export function createSharing({ store, listeners, logger }: SharingParts): Sharing {
  let heard: ReadonlySet<string> = new Set();
  let texts: Texts = { of: undefined, all: [], known: new Set() };
  const telling = watchFailure(listeners, 'revocations cannot be told to the other replicas');
  const hearing = watchFailure(listeners, 'revocations of other replicas cannot be heard');

  /** One that fails keeps the other from nothing. */
  const attempt = async (part: Failure, what: () => Promise<void>): Promise<void> => {
    try {
      await what();
      part.passed();
    } catch (error) {
      logger.debug('revocations cannot be shared', { error });
      part.failed(store.healthy);
    }
  };

  return {
    async exchange(own) {
      texts = textsOf(own, texts);
      const { all, known } = texts;
      const before = heard;
      await attempt(telling, () => store.publish(all.map(toShared)));
      await attempt(hearing, async () => {
        heard = new Set(await store.published());
      });
      const fresh = [...heard].filter((text) => !before.has(text));
      return {
        changed: fresh.length > 0 || heard.size !== before.size,
        news: fresh.filter((text) => !known.has(text)).length,
      };
    },
    get heard() {
      return heard;
    },
    get healthy() {
      return telling.healthy && hearing.healthy;
    },
  };
}

interface Texts {
  readonly of: readonly Revocation[] | undefined;
  readonly all: readonly { readonly text: string; readonly until: number | undefined }[];
  readonly known: ReadonlySet<string>;
}

/** Written once for each list: it is told again and again. */
function textsOf(own: readonly Revocation[], former: Texts): Texts {
  if (former.of === own) return former;
  const all = own.map((entry) => ({
    text: revocationToText(entry),
    until: entry.until === undefined ? undefined : Date.parse(entry.until),
  }));
  return { of: own, all, known: new Set(all.map(({ text }) => text)) };
}

function toShared({ text, until }: Texts['all'][number]): SharedEntry {
  return { text, until: until ?? Date.now() + REMEMBERED_MS };
}

interface Failure {
  readonly healthy: boolean;
  passed(): void;
  failed(storeHealthy: boolean): void;
}

/** Tells of a failure that lasts, and of its end, once each. */
function watchFailure({ onFailed, onReloaded }: ReloadListeners, reason: string): Failure {
  let since: number | undefined;
  let told = false;
  return {
    get healthy() {
      return !told;
    },
    passed() {
      since = undefined;
      if (!told) return;
      told = false;
      onReloaded('--store');
    },
    failed(storeHealthy) {
      if (!storeHealthy || told) return;
      const now = performance.now();
      since ??= now;
      if (now - since < LASTS_MS) return;
      told = true;
      onFailed('--store', reason);
    },
  };
}
