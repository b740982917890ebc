import { readFileSync } from 'node:fs';
import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';

import type { CommonOptions } from '../config/common.ts';
import { codeOf } from '../error-code.ts';
import { endpointOf } from '../http/settings.ts';

/** A probe that is not answered within so many milliseconds is not answered at all. */
const PROBE_MS = 5000;
/** Bound to all addresses, it is asked on loopback. */
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };
/** What a client hears that has no certificate where one is wanted. */
const WANTS_CERTIFICATE = 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED';

export type Probed = Pick<CommonOptions, 'http' | 'tlsCert' | 'tlsClientCa' | 'tlsClientOptional'>;

/**
 * Asks the server of this machine that runs with these options whether it is ready. Says what is
 * wrong, or nothing. On stdio there is nothing to ask: it lives as long as its client.
 */
export async function healthProblem(options: Probed): Promise<string | undefined> {
  if (options.http === undefined) return undefined;
  const { host, port } = endpointOf('--http', options.http);
  if (port === 0) return 'a server on a port of the system’s choice cannot be found';
  try {
    const status = await statusOf({ host: ANY[host] ?? host, port }, options.tlsCert !== undefined);
    return status === 200 ? undefined : `not ready: ${String(status)}`;
  } catch (error) {
    // It lives and guards its door, which is all that can be seen without a certificate.
    const isGuarded = options.tlsClientCa !== undefined && !options.tlsClientOptional;
    const code = codeOf(error);
    return isGuarded && code === WANTS_CERTIFICATE ? undefined : `no answer: ${code}`;
  }
}

function statusOf(
  { host, port }: { readonly host: string; readonly port: number },
  secure: boolean,
): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const request = (secure ? requestTls : requestPlain)({
    host,
    port,
    path: '/readyz',
    agent: false,
    signal: AbortSignal.timeout(PROBE_MS),
    // Nothing is told and little is believed: a certificate for the name of `--resource` is not for loopback.
    rejectUnauthorized: false,
  });
  request.once('response', (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  request.once('error', reject);
  request.end();
  return promise;
}

/**
 * The options that the first process of this container was started with. The check of an image is the
 * same for all its containers, and is not told them.
 */
export function optionsOfContainer(script: string): readonly string[] {
  try {
    const words = readFileSync('/proc/1/cmdline', 'utf8').split('\0').slice(0, -1);
    const at = words.indexOf(script);
    return at < 0 ? [] : words.slice(at + 1);
  } catch {
    return [];
  }
}
