/** A message as git shows it in parts. */
export interface Message {
  /** The first paragraph on one line, as `%s`. */
  readonly subject: string;
  /** All after it, as `%b`, without the newlines at its end. */
  readonly body: string;
}

/**
 * Divides a message as git does: empty lines at its beginning are left out, the first paragraph is the
 * subject, and spaces at the ends of its lines are dropped.
 */
export function readMessage(text: string): Message {
  const subject: string[] = [];
  let at = skipBlankLines(text, 0);
  while (at < text.length) {
    const next = nextLine(text, at);
    const line = trimEnd(text, at, next);
    at = next;
    if (line === '') break;
    subject.push(line);
  }
  return {
    subject: subject.join(' '),
    body: withoutNewlines(text.slice(skipBlankLines(text, at))),
  };
}

/** What git takes for a space, which is less than Unicode does. */
const SPACES = ' \t\r\n';

function nextLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end + 1;
}

function trimEnd(text: string, from: number, to: number): string {
  let end = to;
  while (end > from && SPACES.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(from, end);
}

function skipBlankLines(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const next = nextLine(text, at);
    if (trimEnd(text, at, next) !== '') break;
    at = next;
  }
  return at;
}

/** Without a regular expression: one for the end of a text looks at every newline of it. */
export function withoutNewlines(text: string): string {
  let end = text.length;
  while (end > 0 && text.charAt(end - 1) === '\n') end -= 1;
  return text.slice(0, end);
}
