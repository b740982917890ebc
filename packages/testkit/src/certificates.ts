import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

import {
  bits,
  element,
  identifier,
  integer,
  octets,
  sequence,
  set,
  tagged,
  text,
  time,
  TRUE,
} from './der.ts';

/** A certificate and its key, as files hold them. */
export interface TestCertificate {
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8, not encrypted. */
  readonly key: string;
  /** SHA-256 of the certificate: what `cnf["x5t#S256"]` holds in base64url (RFC 8705). */
  readonly sha256: Uint8Array;
}

export interface LeafOptions {
  /** Its common name. */
  readonly name?: string;
  /** From when it is valid; a minute ago by default, because clocks differ. */
  readonly from?: Date;
  /** Until when it is valid; in a day by default. */
  readonly until?: Date;
}

export interface ServerLeafOptions extends LeafOptions {
  /** Names and addresses that it is good for; `localhost` and loopback's addresses by default. */
  readonly hosts?: readonly string[];
  /** What it is made for; a fresh P-256 pair by default. */
  readonly keys?: KeyPair;
}

/** A certification authority that nobody but a test trusts. */
export interface TestAuthority extends TestCertificate {
  issueServer(options?: ServerLeafOptions): TestCertificate;
  issueClient(options?: LeafOptions): TestCertificate;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** Of X.509 (RFC 5280) and of signatures (RFC 5758). */
const OID = {
  commonName: '2.5.4.3',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  subjectAltName: '2.5.29.17',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const;

/** Makes an authority with a fresh P-256 key. Every certificate of it has a key of its own. */
export function createTestAuthority(options: LeafOptions = {}): TestAuthority {
  const name = options.name ?? 'Test authority';
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer: Issuer = { name, ...pair };
  const usages = [
    extension(OID.basicConstraints, sequence(TRUE), true),
    // keyCertSign and cRLSign.
    extension(OID.keyUsage, bits(Uint8Array.of(0b0000_0110), 1), true),
  ];
  const own = write({ ...options, name }, pair, issuer, usages);
  const issue = (
    leaf: ServerLeafOptions,
    use: string,
    more: readonly Uint8Array[],
  ): TestCertificate => {
    const keys = leaf.keys ?? generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return write({ name: 'Test', ...leaf }, keys, issuer, [
      extension(OID.basicConstraints, sequence(), true),
      // digitalSignature.
      extension(OID.keyUsage, bits(Uint8Array.of(0b1000_0000), 7), true),
      extension(OID.extendedKeyUsage, sequence(identifier(use))),
      ...more,
    ]);
  };
  return {
    ...own,
    issueServer: ({ hosts = LOOPBACK, ...leaf } = {}) =>
      issue(leaf, OID.serverAuth, [
        extension(OID.subjectAltName, sequence(...hosts.map(generalName))),
      ]),
    issueClient: (leaf = {}) => issue(leaf, OID.clientAuth, []),
  };
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

interface Issuer extends KeyPair {
  readonly name: string;
}

/** Writes and signs a certificate (RFC 5280 §4.1). */
function write(
  { name = '', from, until }: LeafOptions,
  keys: KeyPair,
  issuer: Issuer,
  extensions: readonly Uint8Array[],
): TestCertificate {
  const algorithm = sequence(identifier(OID.ecdsaWithSha256));
  const now = Date.now();
  const toSign = sequence(
    tagged(0, integer(Uint8Array.of(2))),
    // A first byte between 1 and 127 is neither padding nor a sign.
    integer(Buffer.concat([Uint8Array.of(0x40), randomBytes(15)])),
    algorithm,
    distinguishedName(issuer.name),
    sequence(time(from ?? new Date(now - MINUTE_MS)), time(until ?? new Date(now + DAY_MS))),
    distinguishedName(name),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(
      3,
      sequence(
        ...extensions,
        extension(OID.subjectKeyIdentifier, octets(keyIdentifier(keys))),
        extension(OID.authorityKeyIdentifier, sequence(element(0x80, keyIdentifier(issuer)))),
      ),
    ),
  );
  const signature = sign('sha256', toSign, issuer.privateKey);
  const der = sequence(toSign, algorithm, bits(signature));
  return {
    certificate: pem(der),
    key: String(keys.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    sha256: createHash('sha256').update(der).digest(),
  };
}

function extension(id: string, value: Uint8Array, critical = false): Uint8Array {
  return sequence(identifier(id), ...(critical ? [TRUE] : []), octets(value));
}

function distinguishedName(name: string): Uint8Array {
  return sequence(set(sequence(identifier(OID.commonName), text(name))));
}

function generalName(host: string): Uint8Array {
  if (isIP(host) === 0) return element(0x82, Buffer.from(host, 'latin1'));
  return element(0x87, addressBytes(host));
}

/** Four bytes, or the sixteen of an IPv6 address, whose `::` stands for as many zeros as are left out. */
function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groups = (part: string): string[] => part.split(':').filter((group) => group !== '');
  const zeros = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: zeros }, () => '0'), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** SHA-1 is what RFC 5280 §4.2.1.2 names a key by; nothing rests on it. */
function keyIdentifier({ publicKey }: KeyPair): Uint8Array {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

function pem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
