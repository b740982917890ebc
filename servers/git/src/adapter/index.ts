export type * from './handle.ts';
export type * from './repository.ts';
export type * from './results.ts';
