import { covers } from '@secure-mcp/auth';

import type { Call } from '../call/call.ts';
import type { Caller, Operation, Rights } from '../call/dispatch.ts';
import { markUntrusted } from '../call/mark.ts';
import { shapeOutput } from '../call/shape.ts';
import type { Prompt } from '../prompt.ts';
import { refuse } from '../refusals.ts';
import { whyBarred } from './barred.ts';
import { shapedNames } from './resource-operation.ts';

type Values = Readonly<Record<string, string>>;

/** True when scope and policy let a caller use a prompt. */
export function mayPrompt<Context>(prompt: Prompt<Context>, { principal, grant }: Rights): boolean {
  return covers(principal.scopes, prompt.scope) && grant.allowsPrompt(prompt.name);
}

/** A `prompts/get` as an operation. */
export function promptOperation<Context>(
  prompt: Prompt<Context> | undefined,
  given: Values,
): Operation<Values, string, string> {
  return {
    event: 'prompt.get',
    unknown: 'prompt.unknown',
    barred: (caller) => whyBarred('prompt', prompt, caller, mayPrompt),
    parse: () => valuesOf(prompt, given),
    run: async (values) => prompt?.write(values, markUntrusted) ?? refuse('prompt.unknown'),
    shape(text, { secrets, limits }: Caller) {
      const { value, ...output } = shapeOutput(text, { secrets, bytesMax: limits.resultBytes });
      return { answer: value, output };
    },
  };
}

/** Judges the values without repeating one: a name that is not ours is the caller's text. */
function valuesOf<Context>(prompt: Prompt<Context> | undefined, given: Values): Values {
  const known = prompt?.arguments ?? [];
  const isKnown = (name: string): boolean => known.some((argument) => argument.name === name);
  if (!Object.keys(given).every(isKnown)) refuse('input.invalid', { hint: 'unknown argument' });
  for (const { name, required, charactersMax } of known) {
    const value = given[name];
    if (value === undefined && required) refuse('input.invalid', { hint: `${name}: is missing` });
    if (value !== undefined && value.length > charactersMax)
      refuse('input.invalid', { hint: `${name}: at most ${String(charactersMax)} characters` });
  }
  return { ...given };
}

/** A `completion/complete` for an argument of a prompt as an operation. */
export function completeArgumentOperation<Context>(
  { prompt, contextOf }: PromptParts<Context>,
  argument: string,
  value: string,
): Operation<undefined, readonly string[], readonly string[]> {
  return {
    event: 'prompt.complete',
    unknown: 'prompt.unknown',
    barred: (caller) => whyBarred('prompt', prompt, caller, mayPrompt),
    parse: () => undefined,
    run: async (_nothing, call) =>
      (await prompt?.complete?.(argument, value, contextOf(call))) ?? [],
    shape: shapedNames,
  };
}

interface PromptParts<Context> {
  readonly prompt: Prompt<Context> | undefined;
  readonly contextOf: (call: Call) => Context;
}
