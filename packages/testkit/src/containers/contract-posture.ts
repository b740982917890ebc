import { beforeAll, describe, expect, test } from 'vitest';

import { verifies } from '../verifies.ts';
import type { ContainerContract, ContainerWorld } from './contract.ts';
import { SERVER_USER } from './hardened.ts';
import { imageOf, type ServerName, sizeOf } from './images.ts';
import { NODE, type Posture, postureIn, probeArguments } from './posture.ts';
import type { RunOptions } from './run.ts';

/** What our images are made from, and what others would have been. */
const FULL = 'node:24-trixie';
const SLIM = 'node:24-trixie-slim';

/** What an image may hold, and what an engine puts beside it. */
const EXPECTED: readonly RegExp[] = [
  /^\/app\/(?:[\w-]+\.(?:cjs|wasm)|third-party-licenses\.txt)$/,
  /\/lib[\w+.-]+\.so[\d.]*$/,
  /\/ld-linux[\w-]*\.so[\d.]*$/,
  /\/(?:copyright|LICENSE)$/,
  /^\/etc\/(?:group|passwd|hostname|hosts|resolv\.conf)$/,
  /^\/(?:\.dockerenv|run\/\.containerenv)$/,
];

/** Ours are run as files of Node's, so their bits are nobody's business. */
const NO_PROGRAMS = /^\/(?:app\/|\.dockerenv$)/;

const PROGRAMS: Readonly<Record<ServerName, readonly string[]>> = {
  filesystem: [NODE],
  postgres: [NODE],
  git: ['/usr/bin/git', NODE],
};

/** A machine that does much else takes its time to look at each file. */
const LOOK_MS = 120_000;

interface Postures {
  /** As an operator should run it. */
  readonly hardened: Posture;
  /** The same image, as root and as the engine runs one that nobody says anything about. */
  readonly naive: Posture;
  /** An image as it is commonly made. */
  readonly full: Posture;
}

/** Tests what an image is, and what its container can do to itself and to others. */
export function testPosture({ contract }: ContainerWorld): void {
  describe('its posture', () => {
    let seen: Postures | undefined;
    const postures = (): Postures => {
      if (seen === undefined) throw new Error('not seen');
      return seen;
    };
    beforeAll(async () => {
      seen = await lookInside(contract);
    }, LOOK_MS);
    testWriting(contract, postures);
    testRights(postures);
    testContent(contract, postures);
    testSize(contract);
  });
}

async function lookInside({ containers, server, data }: ContainerContract): Promise<Postures> {
  const probe = (how: RunOptions, ...options: readonly string[]) =>
    containers.server(
      server,
      { ...how, options: ['--entrypoint', NODE, ...options] },
      ...probeArguments(),
    );
  const [hardened, naive, full] = await Promise.all([
    postureIn(probe(data())),
    postureIn(probe({ naive: true }, '--user=0:0', '--security-opt=seccomp=unconfined')),
    // Read-only, because each of its many files would be copied to be written.
    postureIn(probe({ naive: true, image: FULL, network: 'bridge' }, '--read-only')),
  ]);
  return { hardened, naive, full };
}

function testWriting(contract: ContainerContract, postures: () => Postures): void {
  test(verifies('C6.container', 'nothing can be written, and nothing be made, anywhere'), () => {
    const { hardened, naive } = postures();
    expectNothingWritable(contract, hardened);
    expect(naive.writable).toEqual(expect.arrayContaining(['/', '/app', '/dev/shm', '/tmp']));
    expect(naive.changeable).toEqual(expect.arrayContaining(['/app/main.cjs', '/etc/passwd']));
  });
}

/** Fails where there is a place to write but what the contract names. */
export function expectNothingWritable(
  { server, data }: ContainerContract,
  { directories, writable, changeable }: Posture,
): void {
  const mounted = (data().mounts ?? []).filter((mount) => mount.writable === true);
  const own = [...(server === 'git' ? ['/tmp'] : []), ...mounted.map(({ to }) => to)];
  // What the server has made for itself there is its own as well.
  const isWithin = (path: string): boolean => own.some((place) => path.startsWith(`${place}/`));
  expect(directories).toBeGreaterThan(100);
  expect(writable.filter((path) => !isWithin(path)).toSorted()).toEqual(own.toSorted());
  expect(changeable.filter((path) => !isWithin(path))).toEqual([]);
}

const NONE = '0000000000000000';

/** Fails where a process could do more than any other, or come to. */
export function expectNoRights({ status }: Posture): void {
  const none = { CapPrm: NONE, CapEff: NONE, CapBnd: NONE, CapInh: NONE, CapAmb: NONE };
  expect(status).toMatchObject({ ...none, NoNewPrivs: '1', Seccomp: '2' });
  expect(status).toMatchObject({ Uid: fourTimes(SERVER_USER), Gid: fourTimes(SERVER_USER) });
  expect(['', String(SERVER_USER)]).toContain(status['Groups']);
}

/** Real, effective, saved, and for files. */
function fourTimes(id: number): string {
  return Array.from({ length: 4 }, () => String(id)).join(' ');
}

function testRights(postures: () => Postures): void {
  test(verifies('C6.container', 'it is nobody, without a capability, and can come by none'), () => {
    const { hardened, naive } = postures();
    expectNoRights(hardened);
    expect(naive.status).toMatchObject({ NoNewPrivs: '0', Seccomp: '0', Uid: fourTimes(0) });
    expect(naive.status['CapEff']).not.toBe(NONE);
    expect(naive.status['CapBnd']).not.toBe(NONE);
  });
}

function testContent({ server, data }: ContainerContract, postures: () => Postures): void {
  const programsOf = ({ programs }: Posture) => programs.filter((path) => !NO_PROGRAMS.test(path));

  test(verifies('C6.container', 'there is no shell, and no program but its own'), () => {
    const { hardened, full } = postures();
    expect(programsOf(hardened).toSorted()).toEqual(PROGRAMS[server].toSorted());
    expect(hardened.shells).toEqual([]);
    expect(programsOf(full)).toEqual(expect.arrayContaining(['/usr/bin/apt', '/usr/bin/dash']));
    expect(full.shells).toContain('/bin/sh');
  });

  test(verifies('C6.container', 'no program is run as its owner'), () => {
    expect(postures().hardened.special).toEqual([]);
    expect(postures().full.special).toContain('/usr/bin/su');
  });

  test(
    verifies('C6.container', 'it holds nothing but the server, Node and their libraries'),
    () => {
      const mounted = (data().mounts ?? []).map(({ to }) => to);
      const unexpected = ({ files }: Posture) =>
        files.filter(
          (path) =>
            !mounted.some((place) => path === place || path.startsWith(`${place}/`)) &&
            !PROGRAMS[server].includes(path) &&
            !EXPECTED.some((pattern) => pattern.test(path)),
        );
      expect(unexpected(postures().hardened)).toEqual([]);
      expect(unexpected(postures().full).length).toBeGreaterThan(100);
    },
  );

  // A database is reached over one.
  if (data().network !== undefined) return;
  test(verifies('C6.container', 'on stdio it is in no network'), () => {
    const beyond = ({ interfaces }: Posture) => interfaces.filter((name) => name !== 'lo');
    expect(beyond(postures().hardened)).toEqual([]);
    expect(beyond(postures().full)).not.toEqual([]);
  });
}

function testSize({ server }: ContainerContract): void {
  test('its size', async () => {
    const mib = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
    const size = await sizeOf(imageOf(server));
    const slim = await sizeOf(SLIM).catch(() => undefined);
    const beside = slim === undefined ? 'is not here' : `has ${mib(slim)}`;
    console.log(`the image of ${server} has ${mib(size)}; ${SLIM} ${beside}`);
    expect(size).toBeLessThan(slim ?? Number.POSITIVE_INFINITY);
  });
}
