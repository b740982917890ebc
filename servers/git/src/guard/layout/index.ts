export { parseAlternates } from './alternates.ts';
export { type AttributeFacts, parseAttributes } from './attributes.ts';
export {
  type Head,
  parseCommondir,
  parseGitfile,
  parseHead,
  parseShallow,
  type Pointer,
  type PointerProblem,
} from './gitfile.ts';
export { indexPathProblem, type IndexPathProblem } from './index-path.ts';
export {
  createPackedRefsCheck,
  type PackedRefsCheck,
  type PackedRefsFacts,
} from './packed-refs.ts';
export {
  type ConfigEntry,
  configText,
  type ConfigVerdict,
  judgeConfigEntry,
} from './config-entry.ts';
