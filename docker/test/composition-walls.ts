import { readFileSync } from 'node:fs';

import { verifies } from '@secure-mcp/testkit';
import { HARDENED, SECCOMP_FILE } from '@secure-mcp/testkit/containers';
import { expect, test } from 'vitest';

import {
  type Composition,
  docker,
  RUNNING,
  type Server,
  SERVERS,
  type Service,
} from './composition.ts';

/** As far as the engine tells of a container, and the tests look. */
interface Inspected {
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly Privileged: boolean;
    readonly CapAdd: readonly string[] | null;
    readonly CapDrop: readonly string[] | null;
    readonly SecurityOpt: readonly string[] | null;
    readonly PidsLimit: number;
    readonly Memory: number;
    readonly MemorySwap: number;
    readonly IpcMode: string;
    readonly Ulimits: readonly object[] | null;
    readonly Dns: readonly string[];
    readonly Tmpfs: Readonly<Record<string, string>> | null;
    readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp: string }[]>>;
  };
  readonly Mounts: readonly { readonly Destination: string; readonly RW: boolean }[];
}

/** Where a server may write, and what the database and the store need for theirs. */
const WRITABLE: Readonly<Record<Service, readonly string[]>> = {
  filesystem: [],
  'postgres-server': [],
  git: ['/tmp'],
  'authorization-server': [],
  database: ['/run/postgresql', '/tmp', '/var/lib/postgresql/data'],
  store: ['/data'],
};

/** Theirs are images of others, with the engine's own profile of system calls. */
const OF_OTHERS: ReadonlySet<Service> = new Set(['database', 'store']);

/** What the engine was told of each container, and what the kernel holds its first process to. */
export function testHardening(world: () => Composition): void {
  test.each(RUNNING)(
    '%s: the engine holds it to what the tests hold the servers to',
    async (service) => {
      const { HostConfig: host, Mounts: mounts } = await inspect(world(), service);
      const memory = service === 'git' ? HARDENED.gitMemoryBytes : HARDENED.memoryBytes;
      expect(host).toMatchObject({
        ReadonlyRootfs: HARDENED.readOnly,
        Privileged: false,
        CapAdd: null,
        CapDrop: HARDENED.capabilitiesDropped,
        PidsLimit: HARDENED.pids,
        Memory: memory,
        MemorySwap: memory,
        IpcMode: OF_OTHERS.has(service) ? 'private' : HARDENED.ipc,
        Ulimits: [
          { Name: 'msgqueue', Soft: HARDENED.messageQueueBytes, Hard: HARDENED.messageQueueBytes },
        ],
        // Names of the outside are nobody's to answer.
        Dns: ['127.0.0.1'],
      });
      const profile = host.SecurityOpt?.find((option) => option.startsWith('seccomp='));
      const expected: unknown = JSON.parse(readFileSync(SECCOMP_FILE, 'utf8'));
      expect(host.SecurityOpt).toContain(HARDENED.noNewPrivileges);
      if (OF_OTHERS.has(service)) expect(profile).toBeUndefined();
      else expect(JSON.parse(profile?.slice('seccomp='.length) ?? '')).toEqual(expected);

      const written = mounts.filter(({ RW }) => RW).map(({ Destination }) => Destination);
      const inMemory = Object.keys(host.Tmpfs ?? {});
      expect([...written, ...inMemory].toSorted()).toEqual(WRITABLE[service]);
      const published = Object.values(host.PortBindings).flat();
      expect(published.filter(({ HostIp }) => HostIp !== '127.0.0.1')).toEqual([]);
    },
  );

  test('git: its place for copies is the one that the tests give it', async () => {
    const { HostConfig: host } = await inspect(world(), 'git');
    expect(host.Tmpfs).toEqual({ '/tmp': HARDENED.tmp });
  });

  test.each(RUNNING)(
    verifies('C6.container', '%s: it is not root, and the kernel grants it nothing'),
    async (service) => {
      const status = OF_OTHERS.has(service)
        ? await world().inside(service, 'cat', '/proc/1/status')
        : await inNode(world(), service, `process.stdout.write(fs.readFileSync('/proc/1/status'))`);
      const line = (label: string) => new RegExp(`^${label}:\\s*(.*)$`, 'm').exec(status)?.[1];
      const ids = line('Uid')?.split('\t') ?? [];
      expect(ids).toHaveLength(4);
      if (OF_OTHERS.has(service)) expect(ids).not.toContain('0');
      else expect(new Set(ids)).toEqual(new Set(['65532']));
      // None that it has, and none that a program which it starts could get.
      for (const set of ['CapEff', 'CapPrm', 'CapBnd', 'CapInh', 'CapAmb'])
        expect(line(set)).toBe('0000000000000000');
      expect(line('NoNewPrivs')).toBe('1');
      // Filtered.
      expect(line('Seccomp')).toBe('2');
    },
  );
}

/** Connects to a port within so many milliseconds, and says how that went. */
const REACH = `
  const socket = require('node:net').connect({ host: process.argv[1], port: Number(process.argv[2]) });
  const end = (how) => { console.log(how); process.exit(); };
  socket.once('connect', () => end('reached'));
  socket.once('error', () => end('not reached'));
  setTimeout(() => end('not reached'), 1500);`;

/** Asks the store as this server does: one command of each kind, and the first word of each answer. */
const ASK_STORE = `
  const [user, own, other] = process.argv.slice(1);
  const password = fs.readFileSync('/secrets/store-password', 'utf8');
  const commands = ['AUTH ' + user + ' ' + password, 'SET ' + own + ' 1 EX 1', 'GET ' + other,
    'SET ' + other + ' 1', 'KEYS *', 'FLUSHALL', 'CONFIG GET *'];
  const socket = require('node:tls').connect({ host: 'store', port: 6379, servername: 'store' });
  let heard = '';
  socket.on('data', (data) => {
    heard += data;
    const lines = heard.split('\\r\\n').slice(0, -1);
    if (lines.length < commands.length) return;
    console.log(JSON.stringify(lines.map((line) => line.split(' ')[0])));
    process.exit();
  });
  socket.write(commands.map((command) => command + '\\r\\n').join(''));`;

/** The networks, and the store that all servers share. */
export function testPartition(world: () => Composition): void {
  test('only the postgres server reaches the database', async () => {
    const format = '{{ range .NetworkSettings.Networks }}{{ .IPAddress }}{{ end }}';
    const address = (await docker('inspect', '-f', format, name(world(), 'database'))).trim();
    const reach = (server: Server, host: string): Promise<string> =>
      inNode(world(), server, REACH, host, '5432');
    const answers = await Promise.all([
      reach('postgres-server', 'database'),
      reach('postgres-server', address),
      reach('filesystem', address),
      reach('git', address),
    ]);
    expect(answers.map((answer) => answer === 'reached\n')).toEqual([true, true, false, false]);
  });

  test.each(SERVERS)(
    '%s counts in the shared store, and touches nobody else’s counts',
    async (server) => {
      const own = `secure-mcp-${server.replace('-server', '')}:probe`;
      const other = server === 'git' ? 'secure-mcp-filesystem:probe' : 'secure-mcp-git:probe';
      const answers: unknown = JSON.parse(
        await inNode(world(), server, ASK_STORE, server, own, other),
      );
      expect(answers).toEqual(['+OK', '+OK', ...Array.from({ length: 5 }, () => '-NOPERM')]);
      // The server itself got in, and has not been refused a command of its own.
      const logs = await docker('logs', name(world(), server)).catch(String);
      expect(logs).not.toContain('store.down');
    },
  );
}

/** What the role tries that `setup-sql` made, after it has said that it wants to write. */
const WRITES = [
  `INSERT INTO shop.customers VALUES (99, 'Eve', 'eve@example.com')`,
  `UPDATE shop.customers SET name = 'Eve'`,
  'DELETE FROM shop.orders',
  'CREATE TABLE shop.loot (id integer)',
  'CREATE TEMPORARY TABLE loot (id integer)',
  `COPY shop.customers TO PROGRAM 'cat'`,
  'ALTER ROLE mcp_reader SUPERUSER',
] as const;

/** What the role can do, asked of the database itself, without the server's guard. */
export function testDatabase(world: () => Composition): void {
  /** Each statement by itself, and whether it was carried out. */
  const ask = async (connection: string, ...statements: readonly string[]): Promise<string> => {
    const script = `export PGPASSWORD="$(cat /secrets/$1-password)"; shift; psql -X -A -t "$@" 2>&1 || true`;
    const [who = ''] = connection.split(' ');
    const commands = statements.flatMap((statement) => ['-c', statement]);
    const named = connection.slice(who.length + 1);
    return world().inside('database', 'sh', '-c', script, '--', who, named, ...commands);
  };
  const over = 'host=database dbname=shop sslrootcert=/secrets/ca.pem';
  const reader = `reader user=mcp_reader sslmode=verify-full ${over}`;
  const owner = 'owner user=postgres dbname=shop';
  const digest = () =>
    ask(
      owner,
      'SELECT md5(string_agg(c::text, $$,$$)) FROM shop.customers c',
      'SELECT count(*) FROM shop.orders',
    );

  // The first one: what the others try is refused, and the log tells of it.
  test('its log tells of no attempt that was only a health check', async () => {
    const told = await docker('compose', '--project-name', world().project, 'logs', 'database');
    expect(told).toContain('ready to accept connections');
    expect(told).not.toContain('FATAL');
  });

  test(verifies('C6.posture', 'its role reads, and writes nothing, whatever it says'), async () => {
    const before = await digest();
    expect(await ask(reader, 'SELECT count(*) FROM shop.orders')).toBe('4\n');
    const said = await ask(reader, 'SET default_transaction_read_only = off', ...WRITES);
    expect(said.match(/^SET$/gm)).toHaveLength(1);
    expect(said.match(/^ERROR: {2}(?:permission denied|must be owner)/gm)).toHaveLength(
      WRITES.length,
    );
    expect(await digest()).toBe(before);
    // Somebody can: what is missing are the role's rights.
    const [insert] = WRITES;
    expect(await ask(owner, `BEGIN; ${insert}; ROLLBACK`)).toContain('INSERT 0 1');
  });

  test(
    verifies('C5.database-tls', 'it is spoken to by TLS only, and its owner by nobody'),
    async () => {
      const plain = await ask(`reader user=mcp_reader sslmode=disable ${over}`, 'SELECT 1');
      const super_ = await ask(`owner user=postgres sslmode=verify-full ${over}`, 'SELECT 1');
      expect(plain).toContain('no pg_hba.conf entry');
      expect(super_).toContain('no pg_hba.conf entry');
    },
  );
}

function name({ project }: Composition, service: Service): string {
  return `${project}-${service}-1`;
}

async function inspect(composition: Composition, service: Service): Promise<Inspected> {
  const [found]: readonly Inspected[] = JSON.parse(
    await docker('inspect', name(composition, service)),
  );
  if (found === undefined) throw new Error(`no ${service}`);
  return found;
}

/** The servers' images hold no other program. */
function inNode(
  { inside }: Composition,
  service: Service,
  script: string,
  ...args: readonly string[]
): Promise<string> {
  return inside(service, '/usr/local/bin/node', '-e', script, ...args);
}
