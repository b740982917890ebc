export { byteStringFromText, textFromByteString } from './byte-text.ts';
export { beginningOf, endOf, outsideSecrets, type TextPart } from './cut.ts';
export { type Identifier, identifier } from './identifiers.ts';
export {
  JSON_DEPTH_MAX,
  JSON_FILE_LIMITS,
  type JsonProblem,
  parseStrictJson,
  type StrictJson,
} from './json.ts';
export type { JsonLimits } from './json-scan.ts';
export {
  NAME_BYTES_MAX,
  PATH_CHARACTERS_MAX,
  PATH_STEPS_MAX,
  type StepProblem,
  stepProblem,
} from './paths.ts';
export { GLOB_CHARACTERS_MAX, isGlob } from './patterns/glob-syntax.ts';
export {
  type Refuse,
  Refusal,
  type RefusalOptions,
  refusals,
  type RefusalTable,
} from './refusal.ts';
export { isUnsafeRoot, liesWithin, parseRoot, type RequestedRoot } from './roots.ts';
export {
  describeIssue,
  type Json,
  type JsonSchema,
  type Parsed,
  type SafeSchema,
  safeSchema,
} from './schema.ts';
export {
  createKeyFollower,
  findSecrets,
  maskOf,
  maskSecrets,
  mayHoldSecrets,
  KEY_MARK,
  type KeyFollower,
  type RedactedText,
  redactSecrets,
  SECRET_CHARACTERS_MAX,
  type SecretFound,
  withoutNuls,
} from './secrets.ts';
export { seal, unseal } from './sealed.ts';
export { boundedText } from './text.ts';
export type { Trusted } from './trusted.ts';
export { fromVisible, showHidden, toVisible, toVisibleName, type VisibleText } from './visible.ts';
