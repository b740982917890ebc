import { LIMITS } from '../../policy.ts';
import { make, type Phase, type PlaceOf, refusalOf } from '../errors.ts';
import type { Answer, Connection, Outcome, Step } from './connection.ts';

/** The statements of one call, between what opens and what closes every call. */
export interface Flight {
  readonly prelude: Step;
  readonly body: readonly Step[];
  /** Where the caller wrote what an error is about. */
  readonly placeOf?: PlaceOf | undefined;
  readonly bytesMax?: number | undefined;
}

/** Reading only, by the server's own check. */
const BEGIN: Step = { text: 'BEGIN READ ONLY', values: [] };
/** Never COMMIT: it would keep settings of the session, deliver notifications and keep large objects. */
const ROLLBACK: Step = { text: 'ROLLBACK', values: [] };
/** What survives a rollback: advisory locks, prepared statements, temporary objects, listening. */
const DISCARD: Step = { text: 'DISCARD ALL', values: [] };

/**
 * Runs one call in one round trip, and leaves the session as it found it.
 *
 * Each statement keeps its own boundary of errors. When BEGIN or the prelude fails, a cursor cannot
 * be declared any more, so nothing of the caller's runs in a session that is not set up.
 */
export async function fly(
  connection: Connection,
  { prelude, body, placeOf, bytesMax = LIMITS.wireBytesMax }: Flight,
): Promise<readonly Answer[]> {
  const steps = [BEGIN, prelude, ...body, ROLLBACK, DISCARD];
  const outcomes = await connection.fly(steps, bytesMax);
  if (!isClean(connection, outcomes.slice(-2))) connection.destroy();
  if (connection.isOverfull) throw make('database.too_much');
  const answers = outcomes.map((outcome, at) =>
    outcome.status === 'fulfilled'
      ? outcome.value
      : fail(outcome.reason, at < 2 ? 'session' : 'statement', placeOf),
  );
  return answers.slice(2, -2);
}

function fail(error: unknown, phase: Phase, placeOf: PlaceOf | undefined): never {
  throw refusalOf(error, phase, placeOf);
}

/** Sends what cleans a session once more. False when it is not clean for sure. */
export async function clean(connection: Connection): Promise<boolean> {
  const outcomes = await connection.fly([ROLLBACK, DISCARD], LIMITS.wireBytesMax);
  return isClean(connection, outcomes);
}

function isClean(connection: Connection, outcomes: readonly Outcome[]): boolean {
  return (
    connection.isAlive &&
    connection.isIdle &&
    outcomes.every(({ status }) => status === 'fulfilled')
  );
}
