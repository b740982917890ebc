export { parseAlternates } from './alternates.ts';
export { parseAttributes } from './attributes.ts';
export { type ConfigEntry, configText, judgeConfigEntry } from './config-entry.ts';
export { parseCommondir, parseGitfile, parseHead, parseShallow, type Pointer } from './gitfile.ts';
export { indexPathProblem } from './index-path.ts';
export { createPackedRefsCheck, type PackedRefsFacts } from './packed-refs.ts';
export { parseTableList } from './table-list.ts';
