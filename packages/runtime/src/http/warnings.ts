import type { Policy } from '@secure-mcp/auth';
import type { KeyFile } from '@secure-mcp/auth/network';

import type { CommonOptions } from '../config/common.ts';
import { callerWarnings, certificateWarnings, keyWarnings } from './operator-warnings.ts';
import type { TlsMaterial } from './tls.ts';
import type { World } from './world.ts';

/** What warnings are about, as it is now. */
interface Warned {
  readonly common: CommonOptions;
  readonly policy: Policy | undefined;
  /** All that is served under the operator's options. */
  readonly scopes: readonly string[];
  readonly keys: KeyFile | undefined;
  readonly tls: TlsMaterial | undefined;
}

/** All that an operator should know of how the front is configured. */
export function warningsOf({ common, policy, scopes, keys, tls }: Warned): readonly string[] {
  const now = Date.now();
  return [
    ...optionWarnings(common),
    ...keyWarnings(keys?.content, scopes, now),
    ...callerWarnings(policy, keys?.content, now),
    ...(tls === undefined ? [] : certificateWarnings(tls.certificate, common.resource, now)),
  ];
}

function optionWarnings({ unsafeNoAuth, store, stateKeyFile }: CommonOptions): readonly string[] {
  return [
    ...(unsafeNoAuth
      ? ['--unsafe-no-auth: whoever can connect to this port is the local user']
      : []),
    ...(store !== undefined && stateKeyFile === undefined
      ? ['--store without --state-key-file: a person’s answer has to reach the replica that asked']
      : []),
  ];
}

type Changing<Context> = Pick<World<Context>, 'serving' | 'sources' | 'tls' | 'logger'>;

/** What a world that serves has to be warned of now. */
export function warningsNow<Context>(
  world: Omit<Changing<Context>, 'logger'>,
  common: CommonOptions,
): readonly string[] {
  const { policy, scopes } = servedNow(world);
  const keys = world.sources.keys?.current;
  return warningsOf({ common, policy, scopes, keys, tls: world.tls?.current });
}

/** Says after each change what an operator should know of what has changed. */
export function warnOfChanges<Context>(
  { serving, sources, tls, logger }: Changing<Context>,
  { resource }: Pick<CommonOptions, 'resource'>,
): void {
  const warn = (warnings: readonly string[]): void => {
    for (const warning of warnings) logger.warn(warning);
  };
  const callers = (): readonly string[] =>
    callerWarnings(servedNow({ serving }).policy, sources.keys?.current.content, Date.now());
  serving.onChange(() => warn(callers()));
  sources.keys?.onChange(({ content }) => {
    warn(keyWarnings(content, servedNow({ serving }).scopes, Date.now()));
    warn(callers());
  });
  tls?.onChange(({ certificate }) => warn(certificateWarnings(certificate, resource, Date.now())));
}

function servedNow<Context>({ serving }: Pick<Changing<Context>, 'serving'>) {
  const { policy, scopes, leave } = serving.enter();
  leave();
  return { policy, scopes };
}
