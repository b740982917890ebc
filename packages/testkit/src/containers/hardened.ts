import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** System calls that the servers need; `docs/patterns/c06-outside-the-process.md` says why. */
export const SECCOMP_FILE = fileURLToPath(
  new URL('../../../../docker/seccomp.json', import.meta.url),
);

/** The user of every image, and its group. `docker/Dockerfile` says the same. */
export const SERVER_USER = 65_532;

/** How a container of ours is run, on top of what its image is. `docker/compose.yaml` says the same. */
export const HARDENED = {
  /** Nothing that is written outlives the container, and nothing of the server can be replaced. */
  readOnly: true,
  /** None is needed: it neither changes its user nor listens on a port below 1024. */
  capabilitiesDropped: ['ALL'],
  /** A program that is set to run as somebody else does not. */
  noNewPrivileges: 'no-new-privileges',
  /** Processes and threads. The filesystem server has 20 at most, on two processors, under its bombs. */
  pids: 128,
  /** Bytes of memory, and no swap on top. All bombs of the filesystem server take 125 MiB. */
  memoryBytes: 268_435_456,
  /** The same for the git server: there has to be room for git beside it (adapter/process/memory.ts). */
  gitMemoryBytes: 536_870_912,
  /** No memory is shared with anybody: without it, `/dev/shm` is not there to be written to. */
  ipc: 'none',
  /** Bytes of message queues: without one, nothing can be made in `/dev/mqueue`. */
  messageQueueBytes: 0,
  /** Where the git server keeps what it makes for a repository; the others write nowhere. */
  tmp: 'rw,noexec,nosuid,nodev,size=67108864,mode=1777',
} as const;

/** The same as options of `docker run`. */
export function hardenedOptions({ tmp }: { readonly tmp: boolean }): readonly string[] {
  // Only git makes something for itself.
  const memory = String(tmp ? HARDENED.gitMemoryBytes : HARDENED.memoryBytes);
  return [
    '--read-only',
    ...HARDENED.capabilitiesDropped.map((name) => `--cap-drop=${name}`),
    `--security-opt=${HARDENED.noNewPrivileges}`,
    `--security-opt=seccomp=${SECCOMP_FILE}`,
    `--pids-limit=${String(HARDENED.pids)}`,
    `--memory=${memory}`,
    `--memory-swap=${memory}`,
    `--ipc=${HARDENED.ipc}`,
    `--ulimit=msgqueue=${String(HARDENED.messageQueueBytes)}`,
    ...(tmp ? [`--tmpfs=/tmp:${HARDENED.tmp}`] : []),
  ];
}

/** The engine's interface takes the profile itself, not the name of its file. */
export function securityOptions(): string[] {
  return [HARDENED.noNewPrivileges, `seccomp=${readFileSync(SECCOMP_FILE, 'utf8')}`];
}
