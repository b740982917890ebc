import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type TlsOptions } from 'node:tls';

import { ConfigurationProblem } from '../config/problem.ts';
import { codeOf } from '../error-code.ts';
import { watchFiles } from '../reload/watch-files.ts';
import type { Watched, WatchOptions } from '../reload/watched.ts';

/** A certificate, its key, and whose client certificates are believed: PEM, checked to fit together. */
export interface TlsMaterial {
  readonly certificate: string;
  readonly key: string;
  /** Authorities of client certificates; undefined where none is asked for. */
  readonly clientCa: string | undefined;
}

export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly clientCa?: string;
}

export interface TlsRules {
  /** True where clients that do not speak TLS 1.3 are served as well. */
  readonly allowTls12: boolean;
  /**
   * True where a client without a certificate may connect, to show another credential. Its
   * certificate then only binds: `socket.authorized` says whether it was verified.
   */
  readonly clientOptional: boolean;
}

/** A client has this many milliseconds to say hello and prove its certificate. */
const HANDSHAKE_MS = 10_000;

const TLS13_CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
];
/** What RFC 9325 §4.2 recommends for TLS 1.2: forward secrecy and authenticated encryption only. */
const TLS12_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

const TLS13 = { minVersion: 'TLSv1.3', ciphers: TLS13_CIPHERS.join(':') } as const;
const TLS12 = {
  minVersion: 'TLSv1.2',
  ciphers: [...TLS13_CIPHERS, ...TLS12_CIPHERS].join(':'),
} as const;

/** Reads the files, and again when they change. Rejects with a ConfigurationProblem. */
export function watchTls(
  { certificate, key, clientCa }: TlsFiles,
  told: Pick<WatchOptions<TlsMaterial>, 'onReloaded' | 'onFailed'>,
): Promise<Watched<TlsMaterial>> {
  return watchFiles({
    what: '--tls-cert',
    paths: [certificate, key, ...(clientCa === undefined ? [] : [clientCa])],
    names: ['--tls-cert', '--tls-key', '--tls-client-ca'],
    secretPaths: [key],
    parse: parseTls,
    ...told,
  });
}

/**
 * Checks that the parts are what a handshake needs, so that a mistake is found now and not by the
 * first client. Throws a ConfigurationProblem that names the part.
 */
function parseTls(contents: readonly Uint8Array[]): TlsMaterial {
  const [certificate = '', key = '', clientCa] = contents.map((content) =>
    Buffer.from(content).toString(),
  );
  const [leaf] = certificatesOf('--tls-cert', certificate);
  if (leaf === undefined) throw new ConfigurationProblem('--tls-cert', 'holds no certificate');
  assertInTime('--tls-cert', leaf);
  if (!fits(leaf, key))
    throw new ConfigurationProblem('--tls-key', 'is not the key of the certificate');
  if (clientCa !== undefined) assertAuthorities(clientCa);
  try {
    createSecureContext({ cert: certificate, key, ca: clientCa });
  } catch (error) {
    throw new ConfigurationProblem('--tls-cert', `is not accepted by the TLS library${why(error)}`);
  }
  return { certificate, key, clientCa };
}

/** Codes of OpenSSL's that an operator can do something about. What it says beside them is not ours to show. */
const LIBRARY_REASONS: ReadonlyMap<string, string> = new Map([
  ['ERR_SSL_EE_KEY_TOO_SMALL', 'its key is too small (RSA needs 2048 bits)'],
  ['ERR_SSL_CA_KEY_TOO_SMALL', 'the key of an authority in the chain is too small'],
  ['ERR_SSL_CA_MD_TOO_WEAK', 'it is signed with a hash that is too weak (SHA-1 or MD5)'],
]);

function why(error: unknown): string {
  const code = codeOf(error);
  const reason = LIBRARY_REASONS.get(code);
  return reason === undefined ? '' : `: ${reason}`;
}

/** What `setSecureContext` takes: the part of the options that changes with the files. */
export function secureContextOf(
  { certificate, key, clientCa }: TlsMaterial,
  { allowTls12 }: TlsRules,
): TlsOptions {
  return {
    cert: certificate,
    key,
    // Without any, Node would believe every public authority: nothing is asked for then, either.
    ...(clientCa !== undefined && { ca: clientCa }),
    ...(allowTls12 ? TLS12 : TLS13),
    honorCipherOrder: true,
    // A ticket would let a client back in under an authority that has been taken away, and its key
    // would open recorded traffic for as long as the process lives.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** All options of the server. What was not given at the start is not asked for later. */
export function tlsOptionsOf(material: TlsMaterial, rules: TlsRules): TlsOptions {
  const isMutual = material.clientCa !== undefined;
  return {
    ...secureContextOf(material, rules),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: HANDSHAKE_MS,
    requestCert: isMutual,
    rejectUnauthorized: isMutual && !rules.clientOptional,
  };
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesOf(field: string, text: string): X509Certificate[] {
  try {
    return (text.match(PEM_CERTIFICATE) ?? []).map((pem) => new X509Certificate(pem));
  } catch {
    throw new ConfigurationProblem(field, 'holds what is not a certificate');
  }
}

function assertAuthorities(text: string): void {
  const authorities = certificatesOf('--tls-client-ca', text);
  if (authorities.length === 0)
    throw new ConfigurationProblem('--tls-client-ca', 'holds no certificate');
  if (!authorities.every(({ ca }) => ca))
    throw new ConfigurationProblem('--tls-client-ca', 'holds a certificate of no authority');
}

function assertInTime(field: string, { validFromDate, validToDate }: X509Certificate): void {
  if (validToDate.getTime() <= Date.now()) throw new ConfigurationProblem(field, 'has expired');
  if (validFromDate.getTime() > Date.now())
    throw new ConfigurationProblem(field, 'is not valid yet');
}

function fits(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
