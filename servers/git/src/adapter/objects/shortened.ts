import { beginningOf } from '@secure-mcp/validation';

/**
 * A text of one line as it is kept: a name or a subject can be as large as its object, and a list holds
 * hundreds. What is longer than any that means something ends with an ellipsis.
 */
export function shortened(text: string, charactersMax: number): string {
  return text.length > charactersMax ? `${beginningOf(text, charactersMax)}…` : text;
}
