import { isGlob } from '@secure-mcp/validation';

/**
 * Says why an operator's glob would not do what it seems to say, or nothing.
 *
 * A glob that closes nothing looks exactly like one that works, until somebody reads what it was
 * meant to close. So every form that people use elsewhere and that has no meaning here is refused.
 */
export function globProblem(glob: string, roots: readonly string[]): string | undefined {
  if (glob !== glob.trim()) return 'begins or ends with a space';
  if (glob.startsWith('!')) return 'begins with "!"; use the other option instead';
  if (/^\.{0,2}\/|^[A-Za-z]:[/\\]|^~/.test(glob))
    return 'is a path; begin at a root, or with "**/"';
  if (roots.some((root) => glob.startsWith(`${root}:`)))
    return 'names a root; globs hold for all roots';
  if (/\[\[:|\/\/|(?:^|\/)\.\.?\//.test(glob)) return 'holds a form that has no meaning here';
  return isGlob(glob) ? undefined : 'a bracket or a brace is not closed';
}
