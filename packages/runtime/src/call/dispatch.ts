/**
 * The one path of a call, for both transports and every kind of request:
 *
 *   perform()
 *   ├─ rate        first, so that guessing names and sending nonsense count as well
 *   ├─ authorize   scope ∩ policy; what may not be used looks like what does not exist
 *   ├─ budget      the rate of a tool that costs more than others
 *   ├─ parse       strict schema; nothing of the caller's text is repeated
 *   ├─ enter       concurrency: a place to run, or a place in the caller's own line
 *   ├─ confirm     destructive tools: a person says yes
 *   ├─ run         guard → adapter, under a deadline
 *   ├─ load        what is too large for several calls at once, one after another
 *   ├─ shape       output schema → secrets → visible text → byte cap
 *   ├─ audit       whatever happened, before the answer leaves
 *   └─ leave       the place is free once the client has taken the answer
 *
 * There is no other way to a tool: `mcp/register.ts` is the only file that sees the SDK's server, and
 * it calls nothing else.
 */
import type { Grant, Principal } from '@secure-mcp/auth';
import type {
  Audit,
  AuditedArgument,
  AuditedOutput,
  AuditedRequest,
  AuditedSource,
  AuditedTarget,
  CallEvent,
  Logger,
  Outcome,
} from '@secure-mcp/logging';
import { redactSecrets, Refusal, showHidden } from '@secure-mcp/validation';

import { crypto } from '../crypto.ts';
import { COMMON_REFUSALS, refuse } from '../refusals.ts';
import type { Call, SecretsMode } from './call.ts';
import type { Concurrency } from './concurrency.ts';
import { type Deadline, startDeadline } from './deadline.ts';
import { budgetsOf, type CallLimits } from './limits.ts';
import type { Places } from './places.ts';
import type { RateLimit } from './rate.ts';
import { tryRecord } from './record.ts';

/** Who somebody is, and what the policy leaves them. */
export interface Rights {
  readonly principal: Principal;
  readonly grant: Grant;
}

/** Whoever calls, with what they may do and how much of it. */
export interface Caller extends Rights {
  readonly limits: CallLimits;
  readonly secrets: SecretsMode;
  readonly transport: 'stdio' | 'http';
  /** The scopes that the caller could come to have, for lists; without it, those that it has. */
  readonly reach?: ReadonlySet<string>;
  /** Where the request came from, over HTTP. */
  readonly source?: AuditedSource;
}

/** One request of a caller. */
export interface Request {
  readonly audited: AuditedRequest;
  readonly signal: AbortSignal;
  progress(done: number, message?: string): void;
  /** Calls back once the client has taken the answer, or none will come. */
  whenTaken(then: () => void): void;
}

/** What a request asks for, with each step that its kind needs. */
export interface Operation<Input, Result, Answer> {
  readonly event: CallEvent['type'];
  /** Why the caller may not have it, for the trail; undefined where it may. */
  barred(caller: Caller): string | undefined;
  /** The refusal for what may not be used and for what does not exist alike. */
  readonly unknown: 'tool.unknown' | 'resource.unknown' | 'prompt.unknown';
  parse(): Input;
  describeArgs?(): Readonly<Record<string, AuditedArgument>>;
  /** True for what changes the world: it is recorded before it is done, too. */
  readonly changes?: boolean;
  /** Absent where nothing is destroyed. */
  confirm?(input: Input, call: Call): Promise<Confirmation<Answer>>;
  run(input: Input, call: Call): Promise<Result>;
  /** The rest of a result, when it is large: it is loaded for one call of a caller at a time. */
  rest?(result: Result): (() => Promise<Result>) | undefined;
  /** `hidden` counts secrets that an adapter has covered already. */
  shape(
    result: Result,
    caller: Caller,
    hidden: number,
  ): { readonly answer: Answer; readonly output: AuditedOutput };
}

/** A person's answer, or the question that has to be put to them first. */
export type Confirmation<Answer> =
  /** `asked` is false where nobody has to be asked. */
  | { readonly kind: 'approved'; readonly asked: boolean }
  | { readonly kind: 'declined' }
  | { readonly kind: 'ask'; readonly question: Answer };

export interface Dispatch {
  /** Serves one request. Rejects with a {@link Refusal} and with nothing else. */
  perform<Input, Result, Answer>(
    operation: Operation<Input, Result, Answer>,
    caller: Caller,
    request: Request,
  ): Promise<Answer>;
  /** Refuses new calls and waits for the running ones, up to a time. The ones that are left then are refused. */
  drain(timeoutMs: number): Promise<void>;
}

export interface DispatchParts {
  readonly audit: Audit;
  readonly logger: Logger;
  readonly rate: RateLimit;
  readonly places: Places;
  /** The line of the answers that are large. */
  readonly large: Concurrency;
}

export function createDispatch(parts: DispatchParts): Dispatch {
  const running = new Set<Promise<unknown>>();
  const halt = new AbortController();
  let stopping = false;
  return {
    async perform(operation, caller, request) {
      const work = performRecorded(parts, operation, caller, request, {
        stopping,
        halt: halt.signal,
      });
      running.add(work);
      try {
        return await work;
      } finally {
        running.delete(work);
      }
    },
    async drain(timeoutMs) {
      stopping = true;
      const over = new Promise((resolve) => setTimeout(resolve, timeoutMs).unref());
      await Promise.race([Promise.allSettled(running), over]);
      halt.abort(new Refusal('server.stopping', COMMON_REFUSALS['server.stopping']));
      await Promise.allSettled(running);
    },
  };
}

/** Targets in one record at most, and characters of each: a record is a line, not a copy. */
const TARGETS_MAX = 32;
const TARGET_CHARACTERS_MAX = 512;
/** Characters of a name that are looked at: the longest path or URI that a tool takes. */
const TARGET_CHARACTERS_READ = 16_384;

/** What is learnt of a call on its way, for its record. */
interface Notes {
  readonly targets: AuditedTarget[];
  event: CallEvent['type'];
  /** Secrets that an adapter has covered. */
  hidden: number;
  args?: Readonly<Record<string, AuditedArgument>>;
  output?: AuditedOutput;
}

async function performRecorded<Input, Result, Answer>(
  parts: DispatchParts,
  operation: Operation<Input, Result, Answer>,
  caller: Caller,
  request: Request,
  { stopping, halt }: Ending,
): Promise<Answer> {
  const started = performance.now();
  const notes: Notes = { targets: [], event: operation.event, hidden: 0 };
  const describe = (outcome: Outcome, more: Partial<CallEvent> = {}): CallEvent => ({
    type: notes.event,
    outcome,
    ...more,
    transport: caller.transport,
    principal: caller.principal.id,
    ...(caller.source !== undefined && { source: caller.source }),
    request: request.audited,
    ...(notes.targets.length > 0 && { targets: notes.targets }),
    ...(notes.args !== undefined && { args: notes.args }),
    ...(notes.output !== undefined && { output: notes.output }),
    duration_ms: Math.round((performance.now() - started) * 1000) / 1000,
  });
  try {
    if (stopping) refuse('server.stopping');
    const beforehand = (type: CallEvent['type']): void =>
      record(parts, describe('allow', { type }));
    const underWay: UnderWay = { caller, request, halt, notes, beforehand };
    const answer = await performSteps(parts, operation, underWay);
    record(parts, describe('allow'));
    return answer;
  } catch (error) {
    const { refusal, event } = judge(error, parts.logger);
    // A trail that is down must not hide the first failure behind its own.
    if (refusal.code !== 'audit.unavailable') record(parts, describe(event.outcome, event));
    throw refusal;
  }
}

/** Whether the server is about to end. */
interface Ending {
  /** No new call is served. */
  readonly stopping: boolean;
  /** Ends the running ones. */
  readonly halt: AbortSignal;
}

/** A call on its way. */
interface UnderWay {
  readonly caller: Caller;
  readonly request: Request;
  readonly halt: AbortSignal;
  readonly notes: Notes;
  /** Records what is about to be done. */
  readonly beforehand: (type: CallEvent['type']) => void;
}

async function performSteps<Input, Result, Answer>(
  parts: DispatchParts,
  operation: Operation<Input, Result, Answer>,
  { caller, request, halt, notes, beforehand }: UnderWay,
): Promise<Answer> {
  const { principal, limits } = caller;
  await parts.rate.admit(principal.id, limits.rates);
  const barred = operation.barred(caller);
  if (barred !== undefined) refuse(operation.unknown, { detail: barred });
  const budgets = operation.event === 'tool.call' ? budgetsOf(limits, request.audited.name) : [];
  await parts.rate.admitTool(principal.id, budgets);
  if (operation.describeArgs !== undefined) notes.args = operation.describeArgs();
  const input = operation.parse();
  const deadline = startDeadline([request.signal, halt], limits.deadlineMs);
  const places: (() => void)[] = [];
  const turn = async (): Promise<void> =>
    void places.push(await parts.large.enter(principal.id, 1, deadline.signal));
  let held = false;
  try {
    await parts.places.enter({ principal, limits, budgets, signal: deadline.signal }, places);
    const call = callOf(caller, request, deadline, notes);
    const confirmation = await confirm(operation, input, call, deadline);
    if (confirmation.kind === 'ask') {
      notes.event = 'confirm.requested';
      return confirmation.question;
    }
    // What changes the world is recorded before it is done: afterwards a trail that fails hides it.
    if (confirmation.asked) beforehand('confirm.approved');
    else if (operation.changes === true) beforehand('tool.start');
    const result = await wholeResult(operation, await deadline.race(operation.run(input, call)), {
      deadline,
      turn,
    });
    if (notes.hidden > 0 && caller.secrets === 'block') refuse('output.secret');
    const { answer, output } = operation.shape(result, caller, notes.hidden);
    notes.output = output;
    held = true;
    return answer;
  } finally {
    const leave = (): void => places.forEach((place) => place());
    // Without it, the answers of calls to come would pile up before a client that does not read.
    if (held) request.whenTaken(leave);
    else leave();
    deadline.done();
  }
}

/** Loads what is large when it is this call's turn. */
async function wholeResult<Result>(
  { rest }: Pick<Operation<never, Result, unknown>, 'rest'>,
  result: Result,
  { deadline, turn }: { readonly deadline: Deadline; readonly turn: () => Promise<void> },
): Promise<Result> {
  const load = rest?.(result);
  if (load === undefined) return result;
  await turn();
  return deadline.race(load());
}

function callOf(
  { principal, grant, secrets }: Caller,
  request: Request,
  { signal, at }: { readonly signal: AbortSignal; readonly at: number },
  notes: Notes,
): Call {
  return {
    principal,
    grant,
    secrets,
    signal,
    deadline: at,
    progress: (done, message) => request.progress(done, message),
    touch({ kind, name }) {
      if (notes.targets.length >= TARGETS_MAX) return;
      // Cut first, the part of a secret before the cut would be no secret that can be recognised.
      const shown = forTrail(name.slice(0, TARGET_CHARACTERS_READ));
      notes.targets.push({ kind, name: shown.slice(0, TARGET_CHARACTERS_MAX) });
    },
    hide(found) {
      notes.hidden += found;
    },
  };
}

async function confirm<Input, Result, Answer>(
  operation: Operation<Input, Result, Answer>,
  input: Input,
  call: Call,
  deadline: Deadline,
): Promise<Exclude<Confirmation<Answer>, { kind: 'declined' }>> {
  if (operation.confirm === undefined) return { kind: 'approved', asked: false };
  const confirmation = await deadline.race(operation.confirm(input, call));
  return confirmation.kind === 'declined' ? refuse('call.declined') : confirmation;
}

/** Writes a record, or refuses the call: no answer leaves that is not recorded. */
function record(parts: DispatchParts, event: CallEvent): void {
  if (!tryRecord(parts, event)) refuse('audit.unavailable');
}

/**
 * A name or a reason as the audit trail tells it: data can choose its words, and whoever reads the trail
 * is not to be deceived by them, nor to find a secret there.
 */
function forTrail(text: string): string {
  return showHidden(redactSecrets(text).text).text;
}

/** Codes whose outcome is a limit's, not a denial. */
const LIMITS = new Set<string>(['limit.rate', 'limit.busy', 'limit.deadline', 'limit.result']);

interface Judgement {
  readonly refusal: Refusal;
  readonly event: Pick<CallEvent, 'outcome' | 'reason' | 'detail' | 'error_ref'>;
}

/**
 * Tells an expected "no" from a fault. A fault shows the caller a reference and nothing else; the log
 * keeps where it happened under the same reference.
 */
function judge(error: unknown, logger: Logger): Judgement {
  if (error instanceof Refusal) {
    const outcome = LIMITS.has(error.code) ? 'limit' : 'deny';
    const detail = error.detail === undefined ? {} : { detail: forTrail(error.detail) };
    return { refusal: error, event: { outcome, reason: error.code, ...detail } };
  }
  const reference = crypto().randomUUID();
  logger.error('a call failed', { reference, error });
  return {
    refusal: new Refusal('internal', `Internal error. Reference: ${reference}`),
    event: { outcome: 'error', reason: 'internal', error_ref: reference },
  };
}

/** Every code that a caller can meet from this package, for the documentation. */
export const DISPATCH_REFUSALS = { ...COMMON_REFUSALS, internal: 'Internal error.' } as const;
