import type { Audit, Logger } from '@secure-mcp/logging';

import type { Prepared } from '../cli/prepare.ts';
import type { CommonOptions } from '../config/common.ts';
import { createReloads, type Reloads } from '../reload/reloads.ts';
import type { Watched } from '../reload/watched.ts';
import type { ServerDefinition, ServerOptions } from '../server-definition.ts';
import type { Store } from '../store/store.ts';
import { type CredentialSources, openCredentialSources } from './credentials.ts';
import { createLiveRequests, type LiveRequestsOfServer } from './live-requests.ts';
import { createMetrics, type ServerMetrics } from './metrics.ts';
import { openStore, readStateKey } from './open-store.ts';
import { openRevocations, type RevocationFeed } from './revocation-feed.ts';
import { openServing, type ReloadListeners, type Serving } from './serving.ts';
import type { Sockets } from './sockets.ts';
import { type TlsMaterial, watchTls } from './tls.ts';

/** All that a server on a network holds while it lives. */
export interface World<Context> {
  readonly serving: Serving<Context>;
  readonly store: Store;
  readonly stateKey: Uint8Array | undefined;
  readonly sources: CredentialSources;
  readonly revocations: RevocationFeed;
  readonly tls: Watched<TlsMaterial> | undefined;
  readonly reloads: Reloads;
  /** Told of whatever is made anew. */
  readonly listeners: ReloadListeners;
  readonly live: LiveRequestsOfServer;
  readonly metrics: ServerMetrics;
  readonly audit: Audit;
  readonly logger: Logger;
  /** Makes all anew, and says so where nothing came of it: whoever asked for it waits for a line. */
  reload(): Promise<void>;
  /** Tells the metrics whose connections to count. */
  useSockets(sockets: Sockets): void;
  /** Lets go of everything. False when something did not let go in time. */
  close(): Promise<boolean>;
}

/** Opens it all. Rejects with a ConfigurationProblem; nobody can connect yet. */
export async function openWorld<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  prepared: Prepared<Options>,
): Promise<World<Context>> {
  const { common, logger } = prepared;
  const reloads = createReloads();
  const live = createLiveRequests();
  const { name } = definition.identity;
  const stateKey = readStateKey(common);
  const store = await openStore({ common, name, audit: prepared.audit, logger });
  let sockets: Sockets | undefined;
  const metrics = createMetrics({
    live: () => live.size,
    connections: () => sockets?.size ?? 0,
    storeHealthy: () => store.healthy,
    configHealthy: () => reloads.healthy,
  });
  const audit = counting(prepared.audit, metrics);
  const { reload, onNews } = reloadWithWords(reloads, logger);
  const listeners = listenersOf({ audit, logger, metrics, onNews });
  const reloading = { reloads, listeners };
  const serving = await openServing(definition, prepared, reloading);
  const revocations = await openRevocations({
    file: common.revocations,
    issuer: common.issuer,
    shared: common.store === undefined ? undefined : store,
    onHeard: (heard) =>
      audit.record({ type: 'config.reload', outcome: 'allow', what: '--store', heard }),
    logger,
    ...reloading,
  });
  return {
    serving,
    store,
    stateKey,
    sources: await openCredentialSources(common, reloading),
    revocations,
    tls: await openTls(common, reloading),
    reloads,
    listeners,
    live,
    metrics,
    audit,
    logger,
    reload,
    useSockets(used) {
      sockets = used;
    },
    async close() {
      reloads.close();
      revocations.close();
      const isClosed = await serving.close();
      await store.close();
      await logger.flush();
      return isClosed;
    },
  };
}

/** A reload that says what came of it, also where no listener is told of anything. */
function reloadWithWords(reloads: Reloads, logger: Logger) {
  let news = 0;
  return {
    onNews: () => void (news += 1),
    async reload() {
      const before = news;
      await reloads.reload();
      const { unhealthy } = reloads;
      if (unhealthy.length > 0) logger.warn('read again, and not valid', { what: unhealthy });
      else if (news === before) logger.info('read again, and nothing has changed');
    },
  };
}

/** The trail is where every call comes by, so calls that a limit held back are counted there. */
function counting(audit: Audit, metrics: Pick<ServerMetrics, 'limited'>): Audit {
  return {
    record(event) {
      if ('request' in event && event.reason === 'limit.rate') metrics.limited();
      audit.record(event);
    },
  };
}

/** Opens the certificate of the server. Rejects with a ConfigurationProblem. */
export async function openTls(
  { tlsCert, tlsKey, tlsClientCa }: CommonOptions,
  { reloads, listeners }: { readonly reloads: Reloads; readonly listeners: ReloadListeners },
): Promise<Watched<TlsMaterial> | undefined> {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const files = { certificate: tlsCert, key: tlsKey };
  const withCa = tlsClientCa === undefined ? files : { ...files, clientCa: tlsClientCa };
  return reloads.add('--tls-cert', await watchTls(withCa, listeners));
}

/** Every change of a file that decides who may do what is told to the trail, the log and the metrics. */
function listenersOf({
  audit,
  logger,
  metrics,
  onNews,
}: {
  readonly audit: Audit;
  readonly logger: Logger;
  readonly metrics: ServerMetrics;
  readonly onNews: () => void;
}): ReloadListeners {
  return {
    onReloaded(what) {
      onNews();
      metrics.reloaded(what, true);
      logger.info('read again', { what });
      audit.record({ type: 'config.reload', outcome: 'allow', what });
    },
    onFailed(what, reason) {
      onNews();
      metrics.reloaded(what, false);
      logger.error('not valid, so what was valid before stays', { what, reason });
      audit.record({ type: 'config.reload_failed', outcome: 'deny', what, reason });
    },
  };
}
