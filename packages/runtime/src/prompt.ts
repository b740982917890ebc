import type { Scope } from '@secure-mcp/auth';

/** One argument of a prompt. Every value is a text that a person typed or chose. */
export interface PromptArgument {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** Characters that a value may have. */
  readonly charactersMax: number;
}

/**
 * A prompt: a question that a person can start from, in words of ours. It runs nothing; whatever the
 * model does with it passes the path of a call like everything else.
 */
export interface Prompt<Context> {
  /** What the policy file calls it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly scope: Scope;
  readonly arguments: readonly PromptArgument[];
  /** The words. Values stand between marks, because a person may paste what somebody else wrote. */
  write(values: Readonly<Record<string, string>>, mark: (text: string) => string): string;
  /** Values for one argument that begin like `value`. At most 100 reach the client. */
  complete?(argument: string, value: string, context: Context): Promise<readonly string[]>;
}

/** Defines a prompt. A function of its own, so that the context's type is settled in one place. */
export function definePrompt<Context>(definition: Prompt<Context>): Prompt<Context> {
  return definition;
}
