import { boundedText } from '@secure-mcp/validation';
import * as z from 'zod';

/**
 * A schema for a text that one of our parsers reads. Input and output differ, so a tool that wants a
 * default writes `.prefault('HEAD')`: it goes through the parser as a caller's text does.
 */
export function parsedText<Value>(
  charactersMax: number,
  parse: (text: string) => Value | undefined,
  sentence: string,
): z.ZodPipe<z.ZodString, z.ZodTransform<Value, string>> {
  return boundedText(charactersMax).transform((text, context): Value => {
    const value = parse(text);
    if (value !== undefined) return value;
    // The sentence is constant: the text itself goes nowhere.
    context.issues.push({ code: 'custom', message: sentence, input: undefined });
    return z.NEVER;
  });
}
