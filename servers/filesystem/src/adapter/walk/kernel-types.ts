/**
 * File systems that show the kernel instead of files: reading them can block, act, or lead out
 * through magic links (statfs(2), magic.h). proc, sysfs, devpts, cgroup, cgroup2, debugfs, tracefs,
 * securityfs, bpf, pstore, configfs, fusectl, binfmt_misc, mqueue.
 */
const KERNEL_FILE_SYSTEMS = new Set([
  0x9fa0, 0x62656572, 0x1cd1, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0x73636673, 0xcafe4a11,
  0x6165676c, 0x62656570, 0x65735543, 0x42494e4d, 0x19800202,
]);

/** True for a file system that shows the kernel. */
export function isKernelType({ type }: { readonly type: bigint }): boolean {
  // The numbers are Linux's; other systems use them for something else.
  if (process.platform !== 'linux') return false;
  return KERNEL_FILE_SYSTEMS.has(Number(BigInt.asUintN(32, type)));
}
