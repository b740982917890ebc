import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** An authority of our own, and what it signed. All are paths. */
export interface Authority {
  readonly ca: string;
  /** Signs a certificate for names in the notation of OpenSSL, such as `DNS:localhost`. */
  sign(
    name: string,
    subject: string,
    names?: string,
  ): { readonly cert: string; readonly key: string };
}

export function makeAuthority(folder: string, name: string): Authority {
  const at = (file: string): string => join(folder, `${name}-${file}`);
  const openssl = (...options: readonly string[]): void =>
    void execFileSync('openssl', options, { stdio: 'ignore' });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout'];
  openssl(
    'req',
    '-x509',
    ...fresh,
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
  );
  return {
    ca: at('ca.pem'),
    sign(file, subject, names) {
      const [key, request, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map((end) =>
        at(`${file}.${end}`),
      );
      if (
        key === undefined ||
        request === undefined ||
        cert === undefined ||
        extensions === undefined
      )
        throw new Error('no paths');
      openssl('req', ...fresh, key, '-out', request, '-subj', `/CN=${subject}`);
      writeFileSync(extensions, names === undefined ? '' : `subjectAltName=${names}\n`);
      openssl(
        'x509',
        '-req',
        '-in',
        request,
        '-CA',
        at('ca.pem'),
        '-CAkey',
        at('ca.key'),
        '-CAcreateserial',
        '-days',
        '2',
        '-out',
        cert,
        '-extfile',
        extensions,
      );
      return { cert, key };
    },
  };
}

export function copy(from: string, to: string): void {
  writeFileSync(to, readFileSync(from), { mode: 0o600 });
}
