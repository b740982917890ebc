import * as z from 'zod';

const file = z.string().min(1).max(4096);
const address = z
  .string()
  .max(256)
  .refine(
    (text) => /^(?:(?:\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):)?\d{1,5}$/.test(text),
    'must be [HOST:]PORT',
  );
const cidr = z
  .string()
  .max(64)
  .refine(
    (text) => /^[0-9a-fA-F:.]+(?:\/\d{1,3})?$/.test(text),
    'must be an address or ADDRESS/BITS',
  );
/** Calls and seconds of a window. */
export const rateText = z
  .string()
  .refine((text) => /^[1-9]\d{0,6}\/[1-9]\d{0,4}$/.test(text), 'must be N/SECONDS, such as 600/60');
const webUrl = z.url({ protocol: /^https?$/ }).max(2048);

/** The options of the HTTP front, the same for every server. None of them counts without `--http`. */
export const httpOptions = {
  http: address
    .optional()
    .describe('Serve Streamable HTTP at /mcp instead of stdio. HOST is 127.0.0.1 unless given.')
    .meta({ value: '[HOST:]PORT' }),
  resource: webUrl
    .optional()
    .describe('The URL of /mcp as clients know it: what tokens have to be issued for.')
    .meta({ value: 'URL' }),
  issuer: webUrl
    .optional()
    .describe('The authorization server whose access tokens are accepted.')
    .meta({ value: 'URL' }),
  jwks: webUrl
    .optional()
    .describe('Where the issuer’s keys are, when its metadata does not say.')
    .meta({ value: 'URL' }),
  anyTokenType: z
    .boolean()
    .default(false)
    .describe('Accept access tokens whose type is not at+jwt, for an issuer older than RFC 9068.'),
  tokenLifetime: z
    .int()
    .min(60)
    .max(604_800)
    .default(86_400)
    .describe('Longest life of a token, in seconds; one that is issued for longer is refused.'),
  introspection: webUrl
    .optional()
    .describe('Ask the issuer about each token here (RFC 7662): revocation counts within 30 s.')
    .meta({ value: 'URL' }),
  introspectionClient: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('This server’s client id at the issuer, for introspection.')
    .meta({ value: 'ID' }),
  introspectionSecretFile: file
    .optional()
    .describe('The secret of that client, or its private key (PEM).')
    .meta({ value: 'FILE' }),
  requireSenderConstrained: z
    .boolean()
    .default(false)
    .describe(
      'Accept no bearer credentials: only ones that are bound to a certificate or a key (DPoP).',
    ),
  keys: file
    .optional()
    .describe('API keys and client certificates; see `keys add`. Read again when it changes.')
    .meta({ value: 'FILE' }),
  revocations: file
    .optional()
    .describe('What is revoked before its time. Read again when it changes.')
    .meta({ value: 'FILE' }),
  tlsCert: file.optional().describe('Certificate chain (PEM).').meta({ value: 'FILE' }),
  tlsKey: file.optional().describe('Its private key (PEM).').meta({ value: 'FILE' }),
  tlsClientCa: file
    .optional()
    .describe('Ask clients for certificates of this authority (mutual TLS).')
    .meta({ value: 'FILE' }),
  tlsClientOptional: z
    .boolean()
    .default(false)
    .describe('Serve clients without a certificate, too, if they have a credential.'),
  tlsMinVersion: z.enum(['1.3', '1.2']).default('1.3').describe('Oldest version of TLS.'),
  allowOrigin: z
    .array(webUrl)
    .max(64)
    .default([])
    .describe('A web origin whose pages may call; none unless given.')
    .meta({ value: 'URL' }),
  allowHost: z
    .array(
      z
        .string()
        .max(255)
        .refine(
          (text) => /^(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?$/.test(text),
          'must be NAME or NAME:PORT',
        ),
    )
    .max(64)
    .default([])
    .describe('One more Host header that is served, besides that of --resource.')
    .meta({ value: 'NAME[:PORT]' }),
  allowIp: z
    .array(cidr)
    .max(1024)
    .default([])
    .describe('Addresses that may connect; all unless given.')
    .meta({ value: 'CIDR' }),
  behindProxy: z
    .array(cidr)
    .max(64)
    .default([])
    .describe('A proxy that ends TLS before this server, and whose X-Forwarded-For is believed.')
    .meta({ value: 'CIDR' }),
  addressRateLimit: rateText
    .default('6000/60')
    .describe('Requests in a window, for each address, before anybody is authenticated.')
    .meta({ value: 'N/SECONDS' }),
  failureLimit: rateText
    .default('20/60')
    .describe('Credentials that may fail in a window, for each address.')
    .meta({ value: 'N/SECONDS' }),
  requests: z
    .int()
    .min(1)
    .max(10_000)
    .default(256)
    .describe('Requests under way at the same time, over all callers.'),
  sockets: z.int().min(1).max(100_000).default(1024).describe('Open connections at most.'),
  streams: z
    .int()
    .min(1)
    .max(1024)
    .default(8)
    .describe('Open streams of notifications, for each caller.'),
  store: z
    .url({ protocol: /^rediss?$/ })
    .max(2048)
    .optional()
    .describe('Share limits, single use and revocations with other replicas by this Redis.')
    .meta({ value: 'rediss://HOST' }),
  storePasswordFile: file.optional().describe('The password for it.').meta({ value: 'FILE' }),
  stateKeyFile: file
    .optional()
    .describe('32 bytes or more that sign open questions to a person, the same for all replicas.')
    .meta({ value: 'FILE' }),
  metrics: address
    .optional()
    .describe('Serve metrics for Prometheus at /metrics here. HOST is 127.0.0.1 unless given.')
    .meta({ value: '[HOST:]PORT' }),
  drainMs: z
    .int()
    .min(0)
    .max(600_000)
    .default(10_000)
    .describe('How long running calls may go on after a signal to stop.'),
  drainNoticeMs: z
    .int()
    .min(0)
    .max(60_000)
    .default(0)
    .describe(
      'How long connections are still taken after readiness has failed, for a balancer to see it.',
    ),
  unsafeNoAuth: z
    .boolean()
    .default(false)
    .describe('Serve whoever can connect, on loopback only, as the local user.'),
};
