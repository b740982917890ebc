import { randomBytes } from 'node:crypto';

import { refuse } from '../../guard/index.ts';
import { LOGIN_ROLE, type RunAs, type StatementLimits } from '../../policy.ts';
import type { DatabaseOptions } from '../create-database.ts';
import type { Run } from '../database.ts';
import { type PlaceOf, refusalOf } from '../errors.ts';
import { type Finding, findingsOf } from '../posture/posture.ts';
import { POSTURE } from '../posture/question.ts';
import type { Question } from '../questions/question.ts';
import { namedRows } from '../values/cells.ts';
import { type Answer, Connection, type Step, type Value } from './connection.ts';
import { readCredentials } from './credentials.ts';
import { Pool } from './pool.ts';
import { prelude } from './prelude.ts';
import { flyWatched } from './watch.ts';
import { CONNECT_MS } from './wire.ts';

const CONNECTIONS = 4;
/** How long looking at a role may take, in milliseconds. */
const POSTURE_MS = 15_000;
/** Bounds of what has to be known before anything else, however little time an operator gives to callers. */
export const OWN_LIMITS: StatementLimits = { timeoutMs: 15_000, lockTimeoutMs: 1000 };
/** One for all databases and connections, so that the hashes of equal values are equal; a new one with each start. */
const SALT = randomBytes(16).toString('hex');

export const EMPTY: Answer = { fields: [], rows: [] };

/** The statements of one call. */
export interface Work {
  readonly as: RunAs;
  readonly searchPath: readonly string[];
  readonly body: readonly Step[];
  readonly placeOf?: PlaceOf;
  readonly bytesMax?: number;
  /** The operator's, unless told. */
  readonly limits?: StatementLimits;
}

/** How one of our own statements is asked. */
export interface Asked {
  readonly as: RunAs;
  readonly parameters: readonly Value[];
  readonly bytesMax?: number;
  readonly limits?: StatementLimits;
}

/** Sessions that are known to be fit, and one round trip in one of them. */
export class Service {
  readonly #options: DatabaseOptions;
  readonly #pool: Pool;
  readonly #findings = new WeakMap<Connection, readonly Finding[]>();

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#pool = new Pool(options.connections ?? CONNECTIONS, (signal) => this.#open(signal));
  }

  /** Lends a connection whose role does no more than read. */
  lend<Result>(run: Run, work: (connection: Connection) => Promise<Result>): Promise<Result> {
    return this.#pool.lend(run, (connection) => {
      this.#insistOnPosture(connection);
      return work(connection);
    });
  }

  /** Looks again, and answers whatever it sees. */
  posture(run: Run): Promise<readonly Finding[]> {
    return this.#pool.lend(run, (connection) => this.#examine(connection, run));
  }

  close(): Promise<boolean> {
    return this.#pool.close();
  }

  async fly(connection: Connection, work: Work, run: Run): Promise<readonly Answer[]> {
    const leftMs = run.deadline - performance.now();
    if (leftMs <= 0) refuse('database.timeout');
    const { as, searchPath, limits = this.#options.limits, ...flight } = work;
    const { version } = connection;
    const setup = prelude({ as, searchPath, limits, leftMs, version, salt: SALT });
    return flyWatched(connection, { prelude: setup, ...flight }, run);
  }

  async question<Row>(
    connection: Connection,
    question: Question<Row>,
    { as, parameters, ...rest }: Asked,
    run: Run,
  ): Promise<readonly Row[]> {
    const text = question.text(connection.version) ?? refuse('feature.absent');
    const body = [{ text, values: parameters }];
    const [answer] = await this.fly(connection, { as, searchPath: [], body, ...rest }, run);
    return namedRows(answer ?? EMPTY).map((row) => {
      const parsed = question.row.safeParse(row);
      // What the row holds stays out of the log.
      if (!parsed.success) throw new TypeError(`the answer to ${question.name} has another form`);
      return parsed.data;
    });
  }

  /** Whoever connects is looked at before anything is asked: a role may have become more since the last time. */
  async #open(signal: AbortSignal): Promise<Connection> {
    const connection = await connect(this.#options, signal);
    try {
      await this.#examine(connection, { signal, deadline: performance.now() + POSTURE_MS });
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  async #examine(connection: Connection, run: Run): Promise<readonly Finding[]> {
    const asked = { as: LOGIN_ROLE, parameters: [], limits: OWN_LIMITS };
    const [row] = await this.question(connection, POSTURE, asked, run);
    if (row === undefined) throw new TypeError('the posture has no row');
    const { encryption } = this.#options.target;
    const found = findingsOf(row.found, {
      isEncrypted: encryption === 'tls',
      isLocal: encryption === 'local',
      isPasswordOpen: connection.isPasswordOpen,
    });
    this.#findings.set(connection, found);
    return found;
  }

  /** A role that may do more than read is not served: nothing may rest on the guard alone. */
  #insistOnPosture(connection: Connection): void {
    const { unsafePrivilegedRole, transport } = this.#options;
    if (unsafePrivilegedRole === true && transport === 'stdio') return;
    const severe = this.#findings.get(connection)?.filter(({ severity }) => severity === 'refuse');
    if (severe?.length === 0) return;
    // Not lent again, so that the next call sees what was mended meanwhile.
    connection.destroy();
    const ids = severe?.map(({ id }) => id).join(', ') ?? 'not examined';
    refuse('database.refused', {
      hint: `The role may do more than read (${ids}). "check" tells the operator why, and what mends it.`,
    });
  }
}

async function connect(options: DatabaseOptions, signal: AbortSignal): Promise<Connection> {
  try {
    const credentials = await readCredentials(options.files);
    const patience = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
    return await Connection.open(options.target, credentials, patience);
  } catch (error) {
    throw refusalOf(error, 'connect');
  }
}
