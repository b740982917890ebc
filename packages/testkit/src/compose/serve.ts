import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { parseArgs } from 'node:util';

import { startAuthorizationServer } from '../authorization-server/server.ts';

const PORT = 8440;
/** A probe that is not answered within so many milliseconds is not answered at all. */
const PROBE_MS = 5000;

/** Issues tokens to whoever asks, by TLS with the certificate in /secrets, until SIGTERM. */
export async function serve(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      issuer: { type: 'string', default: `https://localhost:${String(PORT)}` },
      resource: { type: 'string', multiple: true, default: [] },
    },
  });
  const server = await startAuthorizationServer({
    port: PORT,
    resources: Object.fromEntries(values.resource.map(resourceOf)),
    // A client that knows nothing but a server's URL is known to nobody.
    registration: true,
    published: {
      issuer: values.issuer,
      certificate: readFileSync('/secrets/cert.pem', 'utf8'),
      key: readFileSync('/secrets/key.pem', 'utf8'),
    },
  });
  console.error(
    `FOR DEMONSTRATIONS ONLY: whoever reaches ${server.issuer} signs in as whom they like, without a password.`,
  );
  // The first process of a container has no default for it.
  process.once('SIGTERM', () => void server.close());
}

/** `URL=SCOPE,SCOPE` */
function resourceOf(text: string): [string, { scope: string }] {
  const [url = '', scopes = ''] = text.split('=');
  return [url, { scope: scopes.replaceAll(',', ' ') }];
}

/** True where the server of this container answers. */
export function answers(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const asked = request({
    host: '127.0.0.1',
    port: PORT,
    path: '/.well-known/openid-configuration',
    signal: AbortSignal.timeout(PROBE_MS),
    // Nothing is told, and little is believed.
    rejectUnauthorized: false,
  });
  asked.once('response', (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  });
  asked.once('error', () => resolve(false));
  asked.end();
  return promise;
}
