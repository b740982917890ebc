import type { Prepared } from '../cli/prepare.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import { codeOf } from '../error-code.ts';
import type { ServerOptions } from '../server-definition.ts';
import { type Binding, decideBinding } from './bind.ts';
import type { Listener } from './listener.ts';
import { assertHttpOptions, endpointOf } from './settings.ts';

/** Where the server listens. */
export interface Bindings {
  readonly binding: Binding;
  readonly metrics: Binding | undefined;
}

/** Judges the options, and where they let the server listen. Rejects with a ConfigurationProblem. */
export async function bindingsOf({
  common,
  given,
}: Pick<Prepared<ServerOptions>, 'common' | 'given'>): Promise<Bindings> {
  assertHttpOptions(common, given);
  const secure = common.tlsCert !== undefined;
  const binding = await decideBinding(endpointOf('--http', common.http ?? ''), {
    field: '--http',
    secure,
    proxied: common.behindProxy.length > 0,
    authenticated: !common.unsafeNoAuth,
  });
  if (common.metrics === undefined) return { binding, metrics: undefined };
  // Whoever may see how much is done is not asked who he is.
  const open = { field: '--metrics', secure: false, proxied: false, authenticated: false };
  const metrics = await decideBinding(endpointOf('--metrics', common.metrics), open);
  // Port 0 is another one each time.
  if (metrics.port !== 0 && metrics.port === binding.port)
    throw new ConfigurationProblem('--metrics', 'needs another port than --http');
  return { binding, metrics };
}

/** What the system says when it does not let a process listen, for whoever has to mend it. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'the port is in use'],
  ['EADDRNOTAVAIL', 'the address is not one of this machine'],
  ['EACCES', 'this user may not listen on that port'],
  ['EAFNOSUPPORT', 'this machine has no addresses of that kind'],
]);

/** Listens, and resolves with the port. Rejects with a ConfigurationProblem. */
export async function listenOn(
  listener: Listener,
  field: string,
  binding: Binding,
): Promise<number> {
  try {
    return await listener.listen(binding);
  } catch (error) {
    const code = codeOf(error);
    const reason = REASONS.get(code) ?? 'the address cannot be listened on';
    throw new ConfigurationProblem(field, reason);
  }
}
