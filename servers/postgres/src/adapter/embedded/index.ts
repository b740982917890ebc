export { type DemoDatabase, startDemoDatabase } from './demo.ts';
export { type EmbeddedServer, startEmbedded } from './postmaster.ts';
export { EmbeddedMissing } from './programs.ts';
