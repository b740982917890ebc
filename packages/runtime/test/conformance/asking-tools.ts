import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type InputRequest,
  type InputRequiredResult,
  inputResponse,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import * as z from 'zod';

import { textAnswer } from './answers.ts';
import { DEFAULTS_FORM, ENUMS_FORM, formOf, PERSON_FORM } from './forms.ts';

/** Where a tool that asks several times stands. */
export interface Step {
  readonly step: number;
}

type Asked = CallToolResult | InputRequiredResult;
type Questions = Readonly<Record<string, InputRequest>>;

const NOTHING = z.strictObject({});

/** The SDK has checked it, but gives it no type. */
const ENVELOPE = z.looseObject({
  [CLIENT_CAPABILITIES_META_KEY]: z.looseObject({
    elicitation: z.looseObject({}).optional(),
    sampling: z.looseObject({}).optional(),
  }),
});

const NAME = askFor('What is your name?', { name: { type: 'string' } });
const CAPITAL = ask('What is the capital of France?', 100);
const CONFIRM = askFor('Please confirm', { ok: { type: 'boolean' } });

/**
 * Tools that ask the client before they answer. Each is written once, for both eras: clients of 2025
 * are asked by the SDK while their call waits.
 */
export function registerAskingTools(server: McpServer, codec: RequestStateCodec<Step>): void {
  const add = (name: string, run: (context: ServerContext) => Asked | Promise<Asked>): void =>
    void server.registerTool(name, { description: name, inputSchema: NOTHING }, (_args, context) =>
      run(context),
    );
  const once = (name: string, questions: Questions): void =>
    add(name, (context) => answered(context, questions) ?? inputRequired(asking(questions)));

  once('test_elicitation_sep1034_defaults', { form: elicit('Please review', DEFAULTS_FORM) });
  once('test_elicitation_sep1330_enums', { form: elicit('Please choose', ENUMS_FORM) });
  once('test_input_required_result_elicitation', { user_name: NAME });
  once('test_input_required_result_sampling', { capital_question: CAPITAL });
  once('test_input_required_result_list_roots', { client_roots: inputRequired.listRoots() });
  once('test_missing_capability', { question: CAPITAL });
  once('test_streaming_elicitation', { user_name: NAME });
  registerQuestions(server);
  registerStateful(add, codec);

  add('test_input_required_result_capabilities', (context) => {
    const { [CLIENT_CAPABILITIES_META_KEY]: declared } = ENVELOPE.parse(context.mcpReq.envelope);
    const questions = {
      ...(declared?.elicitation !== undefined && { user_name: NAME }),
      ...(declared?.sampling !== undefined && { capital_question: CAPITAL }),
    };
    return answered(context, questions) ?? inputRequired(asking(questions));
  });
}

/** Tools whose question is their caller's. */
function registerQuestions(server: McpServer): void {
  server.registerTool(
    'test_sampling',
    { description: 'Asks the model.', inputSchema: z.strictObject({ prompt: z.string() }) },
    ({ prompt }, { mcpReq }) => {
      const view = inputResponse(mcpReq.inputResponses, 'question');
      if (view.kind !== 'sampling')
        return inputRequired({ inputRequests: { question: ask(prompt, 100) } });
      return textAnswer(`LLM response: ${JSON.stringify(view.result.content)}`);
    },
  );
  server.registerTool(
    'test_elicitation',
    { description: 'Asks the person.', inputSchema: z.strictObject({ message: z.string() }) },
    ({ message }, context) => {
      const questions = { form: elicit(message, PERSON_FORM) };
      return answered(context, questions) ?? inputRequired(asking(questions));
    },
  );
}

/** Tools that go on only with the state that they gave out themselves. */
function registerStateful(
  add: (name: string, run: (context: ServerContext) => Promise<Asked>) => void,
  codec: RequestStateCodec<Step>,
): void {
  const stepOf = ({ mcpReq }: ServerContext): number => mcpReq.requestState<Step>()?.step ?? 0;
  const askAt = async (context: ServerContext, step: number, questions: Questions) =>
    inputRequired({ ...asking(questions), requestState: await codec.mint({ step }, context) });

  const withState = (name: string, questions: Questions): void =>
    add(name, async (context) => {
      const isOurs = stepOf(context) === 1 && answered(context, questions) !== undefined;
      return isOurs ? textAnswer('state-ok') : askAt(context, 1, questions);
    });
  withState('test_input_required_result_request_state', { confirm: CONFIRM });
  withState('test_input_required_result_tampered_state', { confirm: CONFIRM });
  withState('test_input_required_result_multiple_inputs', {
    user_name: NAME,
    greeting: ask('Generate a greeting', 50),
    client_roots: inputRequired.listRoots(),
  });

  const first = { step1: askFor('Step 1: What is your name?', { name: { type: 'string' } }) };
  const second = {
    step2: askFor('Step 2: What is your favorite color?', { color: { type: 'string' } }),
  };
  add('test_input_required_result_multi_round', async (context) => {
    const step = stepOf(context);
    const last = step === 2 ? answered(context, second) : undefined;
    if (last !== undefined) return last;
    const goesOn = step === 2 || (step === 1 && answered(context, first) !== undefined);
    return goesOn ? askAt(context, 2, second) : askAt(context, 1, first);
  });
}

/** What the client answered, once it has answered every question. */
function answered({ mcpReq }: ServerContext, questions: Questions): CallToolResult | undefined {
  const names = Object.keys(questions);
  const views = names.map((name) => inputResponse(mcpReq.inputResponses, name));
  if (names.length === 0 || views.some(({ kind }) => kind === 'missing')) return undefined;
  return textAnswer(`answered: ${JSON.stringify(views)}`);
}

function asking(questions: Questions): { readonly inputRequests: Record<string, InputRequest> } {
  return { inputRequests: { ...questions } };
}

function elicit(message: string, requestedSchema: ReturnType<typeof formOf>): InputRequest {
  return inputRequired.elicit({ message, requestedSchema });
}

function askFor(message: string, properties: Parameters<typeof formOf>[0]): InputRequest {
  return elicit(message, formOf(properties));
}

function ask(text: string, maxTokens: number): InputRequest {
  return inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text } }],
    maxTokens,
  });
}
