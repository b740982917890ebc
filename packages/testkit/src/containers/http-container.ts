import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';

import { getContainerRuntimeClient, Wait } from 'testcontainers';

import { createTestAuthority, type TestAuthority, type TestCertificate } from '../certificates.ts';
import { freePort, runToEnd } from '../http-process.ts';
import { makeTemp } from '../temp.ts';
import type { ContainerContract, ContainerWorld } from './contract.ts';
import { HardenedContainer } from './hardened-container.ts';
import type { OptionFiles } from './option-files.ts';

/** A server in its container, on a network, over TLS. */
export interface HttpContainer {
  readonly id: string;
  readonly url: URL;
  /** What its clients trust. */
  readonly authority: TestAuthority;
  readonly keys: OperatorKeys;
  /** The first of them. */
  readonly key: string;
  /** Gives it another certificate of the same authority. */
  renew(): TestCertificate;
  /** All that must be nowhere but in files: keys, and private keys of certificates. */
  readonly secrets: Set<string>;
  /** Forgets the file that its keys were made in. The container goes with the others of the suite. */
  close(): void;
}

/** The file of API keys, changed by the server's own command, as an operator does. */
interface OperatorKeys {
  /** Makes a key. It counts as soon as the server has noticed. */
  add(): Promise<string>;
  revoke(key: string): Promise<void>;
  /** Puts something there that is no file of keys. */
  spoil(): void;
  /** Puts the last good one there again. */
  mend(): void;
  close(): void;
}

const PORT = 8443;
const TRIES = 3;
/** The engine looks so often whether it is ready, in milliseconds. */
const HEALTH_MS = 1000;

/** Starts one. It goes with the other containers of the suite. */
export async function startHttpContainer({
  contract,
  files,
}: ContainerWorld): Promise<HttpContainer> {
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime;
  const secrets = new Set<string>();
  const keys = openKeys(contract, files(), secrets);
  const key = await keys.add();
  const authority = createTestAuthority();
  const renew = (): TestCertificate => {
    const fresh = authority.issueServer({ hosts: [host, 'localhost', '127.0.0.1', '::1'] });
    secrets.add(fresh.key.split('\n')[1] ?? '');
    // One after the other: a certificate with the former key is no pair, and does not count.
    files().put('certificate.pem', fresh.certificate);
    files().putSecret('certificate-key.pem', fresh.key);
    return fresh;
  };
  renew();
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const url = new URL(`https://${host}:${String(port)}/mcp`);
    try {
      const started = await containerFor(contract, files(), url).start();
      return { id: started.getId(), url, authority, keys, key, renew, secrets, close: keys.close };
    } catch (error) {
      // Somebody was faster.
      if (tries === TRIES || !/in use|already allocated/.test(String(error))) throw error;
    }
  }
}

function containerFor(
  { server, containers, data, args }: ContainerContract,
  files: OptionFiles,
  url: URL,
): HardenedContainer {
  const { mounts = [], network } = data();
  const container = new HardenedContainer(server)
    // What the library's reaper would do is done by our remover.
    .withAutoCleanup(false)
    .withVolumesFrom(files.id)
    .withHealthInterval(HEALTH_MS)
    .withLabels(containers.label)
    .withExposedPorts({ container: PORT, host: Number(url.port) })
    .withBindMounts(
      mounts.map(({ from, to, writable = false }) => ({
        source: from,
        target: to,
        mode: writable ? 'rw' : 'ro',
      })),
    )
    .withWaitStrategy(Wait.forLogMessage(/^serving /m))
    .withCommand([
      `--http=0.0.0.0:${String(PORT)}`,
      `--resource=${url.href}`,
      `--keys=${files.at('keys.json')}`,
      `--tls-cert=${files.at('certificate.pem')}`,
      `--tls-key=${files.at('certificate-key.pem')}`,
      ...args(),
    ]);
  return network === undefined ? container : container.withNetworkMode(network);
}

/** The command of the bundle that is in the image. */
function cliOf({ server }: ContainerContract): string {
  return fileURLToPath(new URL(`../../../../servers/${server}/dist/main.cjs`, import.meta.url));
}

function openKeys(
  contract: ContainerContract,
  files: OptionFiles,
  secrets: Set<string>,
): OperatorKeys {
  const temp = makeTemp();
  const file = `${temp.path}/keys.json`;
  const put = (): void => files.putSecret('keys.json', readFileSync(file, 'utf8'));
  const run = async (...words: readonly string[]): Promise<string> => {
    const args = [cliOf(contract), 'keys', ...words];
    const { status, stdout, stderr } = await runToEnd({ command: process.execPath, args });
    if (status !== 0) throw new Error(stderr);
    put();
    return stdout.trim();
  };
  return {
    async add() {
      const key = await run('add', file, '--principal', 'operator', '--scopes', contract.scope);
      secrets.add(key);
      return key;
    },
    revoke: async (key) => void (await run('revoke', file, key.split('_')[1] ?? '')),
    spoil: () => files.putSecret('keys.json', '{ "version": 1, "keys": [ half a file'),
    mend: put,
    close: () => temp.remove(),
  };
}
