/** A system call that no server makes, for which the number differs between processors. */
export interface SystemCall {
  readonly name: string;
  readonly why: string;
  readonly number: { readonly x64: number; readonly arm64: number };
  /** A number; `=text` for a pointer to text; `*N` for a pointer to N bytes of zero. */
  readonly args: readonly (number | string)[];
}

const NOWHERE = -1;
const AT_FDCWD = -100;

/**
 * What somebody would go on with who has broken into a server. With all rights each of them is answered
 * by something else than EPERM; the arguments are such that none of them changes the machine.
 */
export const REFUSED: readonly SystemCall[] = [
  ...group('reads or writes the memory of other processes', [
    ['ptrace', 101, 117, 0, 0, 0, 0],
    ['process_vm_readv', 310, 270, 1, 0, 0, 0, 0, 0],
    ['process_vm_writev', 311, 271, 1, 0, 0, 0, 0, 0],
    ['pidfd_getfd', 438, 438, NOWHERE, 0, 0],
  ]),
  ...group('changes what the file system is', [
    ['mount', 165, 40, '=none', '=/mnt', '=tmpfs', 0, 0],
    ['umount2', 166, 39, '=/mnt', 0],
    ['fsopen', 430, 430, '=tmpfs', 0],
    ['move_mount', 429, 429, NOWHERE, '=', NOWHERE, '=', 0],
    ['pivot_root', 155, 41, '=/x', '=/y'],
    ['chroot', 161, 51, '=/'],
    ['swapon', 167, 224, '=/nosuch', 0],
    ['open_by_handle_at', 304, 265, NOWHERE, 0, 0],
    ['mknodat', 259, 33, AT_FDCWD, '=/tmp/pipe', 0o010600, 0],
    ['fchownat', 260, 54, AT_FDCWD, '=/tmp', 0, 0, 0],
    ['fanotify_init', 300, 262, 0, 0],
  ]),
  ...group('opens a large part of the kernel', [
    ['bpf', 321, 280, 0, '*64', 64],
    ['io_uring_setup', 425, 425, 8, '*120'],
    ['io_uring_enter', 426, 426, NOWHERE, 0, 0, 0, 0, 0],
    ['io_uring_register', 427, 427, NOWHERE, 0, 0, 0],
    ['userfaultfd', 323, 282, 0],
    ['perf_event_open', 298, 241, '*128', 0, NOWHERE, NOWHERE, 0],
    ['keyctl', 250, 219, 0, -3, 1],
    ['add_key', 248, 217, '=user', '=x', '=y', 1, -2],
    ['request_key', 249, 218, '=user', '=x', 0, 0],
    ['syslog', 103, 116, 10, 0, 0],
  ]),
  ...group('makes a kernel’s view of its own, in which it is root', [
    ['unshare', 272, 97, 0x10000000],
    // CLONE_NEWUSER and SIGCHLD; without the first of them it is how each process is made.
    ['clone', 56, 220, 0x10000011, 0, 0, 0, 0],
    ['setns', 308, 268, NOWHERE, 0],
  ]),
  ...group('replaces the kernel, or a part of it', [
    ['kexec_load', 246, 104, 0, 99, 0, 8],
    ['kexec_file_load', 320, 294, NOWHERE, NOWHERE, 0, 0, 0x80],
    ['init_module', 175, 105, '=x', 0, '='],
    ['finit_module', 313, 273, NOWHERE, '=', 0],
    ['delete_module', 176, 106, '=nosuch', 0],
    ['reboot', 169, 142, 0, 0, 0, 0],
    ['clock_settime', 227, 112, 99, '*16'],
    ['sethostname', 170, 161, '=x', 1],
  ]),
  ...group('becomes somebody else, or something else', [
    ['setuid', 105, 146, 0],
    ['setgid', 106, 144, 0],
    ['setgroups', 116, 159, 0, 0],
    ['capset', 126, 91, 0, 0],
    // ADDR_NO_RANDOMIZE: everything lies where it is expected.
    ['personality', 135, 92, 0x0040000],
    ['seccomp', 317, 277, 0, 1, 0],
    // PR_SET_SECCOMP, with a mode that does not exist.
    ['prctl', 157, 167, 22, 9, 0, 0, 0],
  ]),
  ...group('runs a program that no file system holds', [
    ['memfd_create', 319, 279, '=x', 0],
    ['execveat', 322, 281, NOWHERE, '=', 0, 0, 0],
  ]),
  ...group('types into the terminal of whoever started it', [['ioctl', 16, 29, 0, 0x5412, '=x']]),
];

/** Sockets that are neither TCP, UDP nor local: domain, type, protocol. */
export const SOCKETS_REFUSED: readonly SystemCall[] = [
  socket('AF_PACKET, which hears the whole network', 17, 3, 0x0300),
  socket('AF_VSOCK, which reaches the host of a virtual machine', 40, 1, 0),
  socket('AF_NETLINK, which configures the kernel', 16, 3, 0),
  socket('AF_ALG, which feeds the kernel’s ciphers', 38, 5, 0),
  socket('raw IP, which forges packets', 2, 3, 1),
  socket('SCTP, a protocol that the kernel loads when it is asked for', 2, 1, 132),
  socket('MPTCP, likewise', 10, 1, 262),
];

/** What is there to be used, whatever else is not. */
export const ALLOWED: readonly SystemCall[] = [
  socket('TCP', 2, 1, 6),
  socket('TCP over IPv6, close-on-exec and non-blocking', 10, 0o2004001, 0),
  socket('UDP, for names', 2, 2, 17),
  socket('a local one', 1, 1, 0),
  ...group('makes a process', [['clone', 56, 220, 17, 0, 0, 0, 0]]),
];

export const CLONE3: SystemCall = {
  name: 'clone3',
  why: 'has its flags where no filter sees them',
  number: { x64: 435, arm64: 435 },
  args: [0, 0],
};

type Row = readonly [name: string, x64: number, arm64: number, ...args: (number | string)[]];

function group(why: string, rows: readonly Row[]): SystemCall[] {
  return rows.map(([name, x64, arm64, ...args]) => ({ name, why, number: { x64, arm64 }, args }));
}

function socket(why: string, ...args: readonly number[]): SystemCall {
  return { name: 'socket', why: `asks for ${why}`, number: { x64: 41, arm64: 198 }, args };
}
