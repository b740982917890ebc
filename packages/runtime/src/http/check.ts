import { type Opened, parsePolicy, type Prepared } from '../cli/prepare.ts';
import type { CommonOptions } from '../config/common.ts';
import { createReloads } from '../reload/reloads.ts';
import { watchFiles } from '../reload/watch-files.ts';
import type { ServerDefinition, ServerOptions } from '../server-definition.ts';
import { memoryStore } from '../store/memory.ts';
import { bindingsOf } from './bindings.ts';
import { authenticatorOf, type Reloading, openCredentialSources } from './credentials.ts';
import { directionsOf } from './directions.ts';
import { readStateKey, readStoreAddress } from './open-store.ts';
import { openRevocations } from './revocation-feed.ts';
import { assertAsReviewed } from './review.ts';
import { textOf } from './serving.ts';
import { type Endpoint, resourceOf, rulesOf } from './settings.ts';
import { warningsOf } from './warnings.ts';
import { openTls } from './world.ts';

/** Stands for the port that the system would choose. */
const ANY_PORT = 1;
const silent = (): void => undefined;

/**
 * Judges all that a start would: the options, each file by the rules of the watchers, and whether the
 * parts of the front can be made of them. It listens nowhere and asks nobody. Gives what an operator
 * should know. Rejects with a ConfigurationProblem.
 */
export async function checkHttp<Options extends ServerOptions, Context>(
  definition: ServerDefinition<Options, Context>,
  { common, given, logger, audit }: Prepared<Options>,
  { services, policy }: Opened<Context>,
): Promise<readonly string[]> {
  const { binding } = await bindingsOf({ common, given });
  assertAsReviewed(definition, services, { audit, logger });
  const reloads = createReloads();
  const reloading = { reloads, listeners: { onReloaded: silent, onFailed: silent } };
  try {
    await checkPolicy(common, reloading);
    readStoreAddress(common);
    readStateKey(common);
    const { revocations: file, issuer } = common;
    const alone = { shared: undefined, onHeard: silent, logger };
    const revocations = await openRevocations({ file, issuer, ...alone, ...reloading });
    revocations.close();
    const tls = await openTls(common, reloading);
    const sources = await openCredentialSources(common, reloading);
    const { scopes } = services;
    const bound = { host: binding.host, port: binding.port === 0 ? ANY_PORT : binding.port };
    checkParts({ common, bound, title: definition.identity.title, scopes, sources, ...reloading });
    return [
      ...warningsOf({ common, policy, scopes, keys: sources.keys?.current, tls: tls?.current }),
      ...revocations.warnings(),
    ];
  } finally {
    reloads.close();
  }
}

/** The services were opened under it already; here its place and its mode are judged. */
async function checkPolicy(
  { policy: path }: CommonOptions,
  { reloads, listeners }: Reloading,
): Promise<void> {
  if (path === undefined) return;
  const what = '--policy';
  const parse = ([bytes]: readonly Uint8Array[]) => parsePolicy(textOf(what, bytes));
  reloads.add(what, await watchFiles({ what, paths: [path], parse, ...listeners }));
}

interface Parts extends Reloading, Pick<Parameters<typeof authenticatorOf>[0], 'sources'> {
  readonly common: CommonOptions;
  readonly bound: Endpoint;
  readonly title: string;
  readonly scopes: readonly string[];
}

/** Makes what is made once it is known where the server listens, and forgets it. */
function checkParts({ common, bound, title, scopes, ...parts }: Parts): void {
  const resource = resourceOf(common, bound);
  rulesOf(common, bound, resource);
  directionsOf({ common, resource, title, scopes });
  authenticatorOf({
    ...parts,
    common,
    resource,
    scopes,
    revocations: () => ({ isRevoked: () => true }),
    singleUse: memoryStore(),
  });
}
