import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectPlainly } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  type AuthorizationServerUnderTest,
  startAuthorizationServer,
} from './authorization-server/index.ts';
import { createTestAuthority, type TestAuthority, type TestCertificate } from './certificates.ts';
import { CLIENTS, connectHttp } from './clients.ts';
import {
  callRequest,
  type HttpContract,
  recordsIn,
  runCli,
  soon,
  UNLIMITED,
  writeSecret,
} from './http-contract-world.ts';
import { type HttpProcess, startOnFreePort } from './http-process.ts';
import { closed, createWitness, fetchOverTls, type WireAnswer } from './http-wire.ts';
import { makeTemp } from './temp.ts';
import { verifies } from './verifies.ts';

/** A client whose tokens are bound to its certificate. */
const BOUND = { id: 'bound', secret: randomUUID(), bound: 'certificate' } as const;

/** A server that speaks TLS, and wants a certificate of each client. */
interface TlsWorld {
  readonly contract: HttpContract;
  readonly served: HttpProcess;
  readonly issuer: AuthorizationServerUnderTest;
  readonly authority: TestAuthority;
  /** A client that the operator knows, and one that they do not. */
  readonly known: TestCertificate;
  readonly unknown: TestCertificate;
  /** Makes the server show another certificate. */
  renew(): TestCertificate;
  /** Makes the server believe another authority of clients, and no longer the former one. */
  replaceAuthority(): void;
  call(tls: ConnectionOptions, authorization?: string): Promise<WireAnswer>;
  calls(): number;
  close(): Promise<void>;
}

/** Tests the way to the server, and who is known by it. */
export function testTls(contract: HttpContract): void {
  describe('over TLS', () => {
    let opened: TlsWorld | undefined;
    const world = (): TlsWorld => {
      if (opened === undefined) throw new Error('not open');
      return opened;
    };
    beforeAll(async () => {
      opened = await openTlsWorld(contract);
    });
    afterAll(() => opened?.close());

    testVersions(world);
    testMutual(world);
    testBoundTokens(world);
    testRenewal(world);
    testReplaced(world);
  });
}

async function openTlsWorld(contract: HttpContract): Promise<TlsWorld> {
  const temp = makeTemp();
  const witness = createWitness();
  const authority = createTestAuthority();
  const [known, unknown] = [authority.issueClient(), authority.issueClient()];
  const audit = `${temp.path}/audit.jsonl`;
  const keys = `${temp.path}/keys.json`;
  const show = ({ certificate, key }: TestCertificate) => ({
    certificate: temp.write('server.pem', certificate),
    key: writeSecret(temp, 'server-key.pem', key),
  });
  const shown = show(authority.issueServer());
  const clientCa = temp.write('client-ca.pem', authority.certificate);
  const certificate = temp.write('known.pem', known.certificate);
  const named = ['--principal', 'known', '--scopes', contract.scope, '--certificate', certificate];
  await runCli(contract, 'keys', 'add', keys, ...named);
  const issuer = await startAuthorizationServer({
    resources: {},
    clients: [BOUND],
  });
  const served = await startOnFreePort((port) =>
    contract.server(
      `--http=${String(port)}`,
      `--resource=https://127.0.0.1:${String(port)}/mcp`,
      `--issuer=${issuer.issuer}`,
      `--keys=${keys}`,
      `--tls-cert=${shown.certificate}`,
      `--tls-key=${shown.key}`,
      `--tls-client-ca=${clientCa}`,
      `--audit-log=${audit}`,
      ...UNLIMITED,
    ),
  );
  issuer.addResource(served.url.href, { scope: contract.scope });
  return {
    contract,
    served,
    issuer,
    authority,
    known,
    unknown,
    renew() {
      const fresh = authority.issueServer();
      show(fresh);
      return fresh;
    },
    replaceAuthority: () => void temp.write('client-ca.pem', createTestAuthority().certificate),
    call: (tls, authorization) =>
      witness.send({ ...callRequest(served.url, contract.call, authorization), tls }),
    calls: () => recordsIn(audit).filter(({ type }) => type === 'tool.call').length,
    async close() {
      await served.close();
      await issuer.close();
      temp.remove();
    },
  };
}

/** How a client connects that trusts the server, and shows a certificate. */
function as(
  { authority }: Pick<TlsWorld, 'authority'>,
  client?: TestCertificate,
): ConnectionOptions {
  return {
    ca: authority.certificate,
    ...(client !== undefined && { cert: client.certificate, key: client.key }),
  };
}

async function handshake({ served }: TlsWorld, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({
    host: served.url.hostname,
    port: Number(served.url.port),
    ...options,
  });
  await once(socket, 'secureConnect');
  return socket;
}

function testVersions(world: () => TlsWorld): void {
  test(verifies('C5.tls', 'a client is spoken to over TLS 1.3'), async () => {
    const socket = await handshake(world(), as(world(), world().known));
    expect(socket.getProtocol()).toBe('TLSv1.3');
    socket.destroy();
  });

  test(verifies('C5.tls', 'TLS 1.2 is not spoken'), async () => {
    const options = { ...as(world(), world().known), maxVersion: 'TLSv1.2' } as const;
    await expect(handshake(world(), options)).rejects.toThrow(/protocol version/i);
  });

  test(verifies('C5.tls', 'what comes in the clear is not answered'), async () => {
    const { hostname, port } = world().served.url;
    const socket = connectPlainly({ host: hostname, port: Number(port) });
    socket.on('error', () => undefined);
    socket.write(`GET /healthz HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`);
    let said = '';
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
    });
    await closed(socket);
    // A TLS alert at most, and nothing of HTTP.
    expect(said).not.toContain('HTTP/');
    expect(said).not.toContain('ok');
  });
}

function testMutual(world: () => TlsWorld): void {
  test.each(CLIENTS)(
    verifies('E4.mutual', 'the %s client is known by its certificate alone'),
    async (kind) => {
      const { served, contract, known } = world();
      const client = await connectHttp(kind, {
        url: served.url,
        fetch: fetchOverTls(as(world(), known)),
      });
      const answer = await client.call(contract.call.name, contract.call.args);
      await client.close();
      expect(answer.text).toContain(contract.call.holds);
    },
  );

  test(verifies('E4.mutual', 'a client without a certificate gets no answer'), async () => {
    await expect(world().call(as(world()))).rejects.toThrow();
  });

  test(verifies('E4.mutual', 'a certificate of another authority gets no answer'), async () => {
    // Of the same name: an authority is its key.
    const stranger = createTestAuthority().issueClient();
    await expect(world().call(as(world(), stranger))).rejects.toThrow();
  });

  test(verifies('E4.mutual', 'C4.required', 'one that no entry names is nobody'), async () => {
    const before = world().calls();
    const { status } = await world().call(as(world(), world().unknown));
    expect(status).toBe(401);
    expect(world().calls()).toBe(before);
  });
}

function testBoundTokens(world: () => TlsWorld): void {
  test(
    verifies(
      'E11.certificate',
      'a token counts on connections of the certificate that it is bound to',
    ),
    async () => {
      const { issuer, served, contract, known, unknown, calls } = world();
      const { token } = await issuer.tokenFor({
        resource: served.url.href,
        scope: contract.scope,
        clientId: BOUND.id,
        certificate: unknown.certificate,
      });
      const authorization = `Bearer ${token}`;
      const answer = await world().call(as(world(), unknown), authorization);
      expect(answer.text).toContain(contract.call.holds);
      const before = calls();
      // A certificate that opens the door by itself does not make up for it.
      expect((await world().call(as(world(), known), authorization)).status).toBe(401);
      expect(calls()).toBe(before);
    },
  );
}

function testRenewal(world: () => TlsWorld): void {
  test(
    verifies('C13.reload', 'C5.tls', 'a new certificate is shown to who connects next'),
    async () => {
      const { known, renew } = world();
      const shownNow = async (): Promise<string> => {
        const socket = await handshake(world(), as(world(), known));
        const { fingerprint256 } = socket.getPeerCertificate();
        socket.destroy();
        return fingerprint256.replaceAll(':', '').toLowerCase();
      };
      const former = await shownNow();
      const fresh = Buffer.from(renew().sha256).toString('hex');
      expect(fresh).not.toBe(former);
      // A connection that is being made while the certificate changes may be dropped.
      await soon(
        () => shownNow().catch(() => former),
        (shown) => shown === fresh,
      );
      const { status } = await world().call(as(world(), known));
      expect(status).toBe(200);
    },
  );
}

/** Tests a change after which nobody of before is let in. It is the last that is tested. */
function testReplaced(world: () => TlsWorld): void {
  test(
    verifies(
      'E4.replaced',
      'E4.mutual',
      'when the authority is replaced, its clients and their connections are out',
    ),
    async () => {
      const { known, replaceAuthority, served } = world();
      const socket = await handshake(world(), as(world(), known));
      const over = closed(socket);
      let said = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      /** Whether it is answered over the connection that was let in before. */
      const ask = async (): Promise<boolean> => {
        said = '';
        socket.write(`GET /healthz HTTP/1.1\r\nHost: ${served.url.host}\r\n\r\n`);
        await Promise.race([once(socket, 'data'), over]).catch(() => undefined);
        return said.startsWith('HTTP/1.1 200');
      };
      expect(await ask()).toBe(true);
      replaceAuthority();
      await soon(ask, (isAnswered) => !isAnswered);
      await expect(world().call(as(world(), known))).rejects.toThrow();
    },
  );
}
