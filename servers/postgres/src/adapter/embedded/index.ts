export { EmbeddedMissing } from './programs.ts';
export { type EmbeddedServer, freePort, startEmbedded } from './postmaster.ts';
