import {
  acceptedContent,
  createRequestStateCodec,
  inputRequired,
  type InputRequiredResult,
  inputResponse,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { SingleUse } from '@secure-mcp/auth';
import { toVisibleName } from '@secure-mcp/validation';
import * as z from 'zod';

import { crypto } from '../crypto.ts';
import { refuse } from '../refusals.ts';
import type { Call } from './call.ts';
import type { Confirmation } from './dispatch.ts';

/** How long a person may think, in seconds. */
const ANSWER_WITHIN_SECONDS = 120;
/** How long an answered question is remembered, in milliseconds: the clocks of replicas differ. */
const ANSWERED_FOR_MS = 2 * ANSWER_WITHIN_SECONDS * 1000;
/** A question longer than this is not read, and one that is cut hides what it asks for. */
const QUESTION_CHARACTERS_MAX = 500;

/** What a question was about. Signed by the server, so that an answer counts for this one call only. */
interface Question {
  readonly tool: string;
  readonly digest: string;
  readonly nonce: string;
  /** When it was asked, in milliseconds since 1970. */
  readonly askedAt: number;
}

/** Not strict: the elicitation schema of the protocol knows no `additionalProperties`. */
const ANSWER = z.object({ confirm: z.boolean().meta({ title: 'Yes, do it' }) });

/** Asks a person before a destructive tool runs. */
export interface Confirmations {
  readonly codec: RequestStateCodec<Question>;
  /** Finds a person's answer in the request, or makes the question for it. */
  ask(request: ConfirmationRequest): Promise<Confirmation<InputRequiredResult>>;
}

interface ConfirmationRequest {
  readonly tool: string;
  readonly args: unknown;
  /** What would be done, in words; it is shown to a person. */
  readonly effect: string;
  readonly call: Call;
  readonly context: ServerContext;
}

export interface ConfirmationOptions {
  /** Where answered questions are remembered: all replicas that share the key have to share it, too. */
  readonly answered: SingleUse;
  /** What questions are signed with, 32 bytes at least. Absent: a key that only this process has. */
  readonly stateKey?: Uint8Array | undefined;
  /**
   * Which server asks: servers that were given the same key by mistake believe no answers to each
   * other's questions. Replicas have the same.
   */
  readonly server: string;
}

/**
 * Makes the confirmations of one server.
 *
 * An answer alone proves nothing: a client can send `inputResponses: { confirm: accept }` with its
 * first call. It counts only together with a state that this server signed for the same tool, the
 * same arguments and the same caller, and only once.
 */
export function createConfirmations({
  answered,
  stateKey,
  server,
}: ConfirmationOptions): Confirmations {
  const codec = createRequestStateCodec<Question>({
    key: stateKey ?? crypto().randomBytes(32),
    ttlSeconds: ANSWER_WITHIN_SECONDS,
    bind: (context) => JSON.stringify([server, context.mcpReq.method, callerKey(context)]),
  });

  /** True once for each question: the answer to it is used up before anything is done. */
  const use = async ({ nonce, askedAt }: Question): Promise<boolean> => {
    try {
      return await answered.use(`question:${nonce}`, ANSWERED_FOR_MS, { madeAt: askedAt });
    } catch {
      return refuse('call.confirmation_unavailable', {
        hint: 'Answers cannot be checked now. Try again later.',
      });
    }
  };

  return {
    codec,
    async ask({ tool, args, effect, call, context }) {
      const message = toVisibleName(effect);
      if (message.length > QUESTION_CHARACTERS_MAX) {
        return refuse('call.confirmation_unavailable', {
          hint: 'The effect is too long to be shown.',
        });
      }
      // The effect belongs to the answer: if it has changed meanwhile, the person is asked again.
      const digest = digestOf(call.principal.id, args, message);
      const question = context.mcpReq.requestState<Question>();
      if (question?.tool === tool && question.digest === digest) {
        const response = inputResponse(context.mcpReq.inputResponses, 'confirm');
        if (response.kind === 'elicit' && (await use(question))) {
          const accepted = acceptedContent(context.mcpReq.inputResponses, 'confirm', ANSWER);
          return accepted?.confirm === true
            ? { kind: 'approved', asked: true }
            : { kind: 'declined' };
        }
      }
      const nonce = crypto().randomUUID();
      return {
        kind: 'ask',
        question: inputRequired({
          inputRequests: { confirm: inputRequired.elicit({ message, requestedSchema: ANSWER }) },
          requestState: await codec.mint({ tool, digest, nonce, askedAt: Date.now() }, context),
        }),
      };
    },
  };
}

function callerKey({ http }: ServerContext): string {
  return http === undefined ? 'stdio' : (http.authInfo?.clientId ?? 'anonymous');
}

function digestOf(principalId: string, args: unknown, effect: string): string {
  return crypto()
    .createHash('sha256')
    .update(JSON.stringify([principalId, args, effect]))
    .digest('base64url');
}
