export * as attacks from './attacks/index.ts';
export {
  createTestAuthority,
  type LeafOptions,
  type ServerLeafOptions,
  type TestAuthority,
  type TestCertificate,
} from './certificates.ts';
export { type Citation, citations, testsServer } from './citations.ts';
export {
  type Answer,
  CLIENTS,
  type ClientKind,
  connect,
  connectHttp,
  type ConnectOptions,
  type HttpClient,
  type HttpConnectOptions,
  type ServerCommand,
  type TestClient,
} from './clients.ts';
export {
  REVISIONS,
  requiredScenarios,
  runConformance,
  shortcomings,
  summaryOf,
} from './conformance.ts';
export { testServerConformance } from './contract-conformance.ts';
export { eventually, recordsOf, type ServerContract, testServerContract } from './contract.ts';
export {
  type Control,
  type ControlId,
  CONTROLS,
  type PromiseId,
  type ServerName,
  SERVERS,
} from './controls.ts';
export { brokenRules, textsOf } from './description-rules.ts';
export { attemptNaively, type Attempts } from './naive.ts';
export { startSwapping, type Swapper, type SwapPlan } from './race.ts';
export { type RawStdio, startRaw, type WireMessage } from './raw-stdio.ts';
export { type Ended, runOnce } from './run-once.ts';
export { type HttpProcess, runToEnd, startHttpProcess, startOnFreePort } from './http-process.ts';
export { createWitness, type WireAnswer, type WireRequest, type Witness } from './http-wire.ts';
export { openParts } from './schema-rules.ts';
export * as gitFixtures from './git/index.ts';
export { makeTemp, type TempDirectory, treeDigest } from './temp.ts';
export { type Compiled, compileTypes } from './type-test.ts';
export { allPromises, verifies } from './verifies.ts';
export { withoutOverride } from './without-override.ts';
