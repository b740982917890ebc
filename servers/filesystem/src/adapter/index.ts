export { createDisk, type Disk } from './disk.ts';
export { ENCODINGS, type FileType, type ReadOptions } from './job.ts';
export { canWalkDescriptors, openRoot, type Sandbox } from './open-roots.ts';
export type { Entry, FileCount, Hit, NextPage, ReadOutcome, Skipped } from './results.ts';
