import { isGlob } from '@secure-mcp/validation';

/**
 * Says why an operator's glob would not do what it seems to say, or nothing.
 *
 * A glob that closes nothing looks exactly like one that works, until somebody reads what it was
 * meant to close. So every form that people use elsewhere and that has no meaning here is refused.
 */
export function globProblem(glob: string, roots: readonly string[]): string | undefined {
  if (glob !== glob.trim()) return 'begins or ends with a space';
  const root = roots.find((name) => glob.toLowerCase().startsWith(`${name}:`));
  if (root !== undefined) return 'names a root; globs hold for all roots';
  if (/[|;"'()$`<>\\\p{Cc}\p{Cf}]|\[\[:|\/\/|\/[,}]/u.test(glob))
    return 'holds a form that has no meaning here; [x] is the character x itself';
  if (withoutBraces(glob).includes(',')) return 'is a list; give each glob by itself';
  // Each alternative has to be a glob that means something by itself.
  for (const part of glob.split(/[{},]/)) {
    if (/^[!#]/.test(part)) return 'begins with a mark that has no meaning here';
    if (/^\/|^[A-Za-z]:[/\\]|^~|^\[\/\]/.test(part))
      return 'is a path; begin at a root, or with "**/"';
    if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(part)) return 'holds "." or ".." as a name';
  }
  return isGlob(glob) ? undefined : 'a bracket or a brace is not closed';
}

/** What stands outside all braces. */
function withoutBraces(glob: string): string {
  const outside = glob.replace(/\{[^{}]*\}/g, '');
  return outside === glob ? glob : withoutBraces(outside);
}
