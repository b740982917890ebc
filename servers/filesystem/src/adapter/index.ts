export { createDisk, type Disk } from './disk.ts';
export { ENCODINGS } from './job.ts';
export { areHardLinksProtected } from './hard-links.ts';
export { canWalkDescriptors, closeRoots, openRoot, type Sandbox } from './open-roots.ts';
export type { Entry, ReadOutcome, Skipped } from './results.ts';
