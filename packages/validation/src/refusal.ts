/** What a refusal carries besides its public text. */
export interface RefusalOptions {
  /** Why, for the audit trail only. It never reaches the caller. */
  readonly detail?: string;
  /** A safe sentence added to the public message. It must hold no text that the caller or the data chose. */
  readonly hint?: string;
  /** When a retry can succeed, in milliseconds. */
  readonly retryAfterMs?: number;
}

/**
 * An expected "no": a stable code for programs, a message written for the model, and a detail for
 * the audit trail. Every other error is internal and shows the caller only a reference id.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: string;
  readonly detail: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, options: RefusalOptions = {}) {
    super(options.hint === undefined ? message : `${message} ${options.hint}`);
    this.code = code;
    this.detail = options.detail;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Each code of a table, with the one sentence that a caller sees for it. */
export type RefusalTable = Readonly<Record<string, string>>;

/** Throws the refusal that stands under `code` in its table. */
export type Refuse<Table extends RefusalTable> = (
  code: keyof Table & string,
  options?: RefusalOptions,
) => never;

/**
 * Makes the only way to refuse with the codes of one table.
 *
 * The sentences are constants, so that a refusal can never carry a path, a query or an attacker's
 * text back to the model.
 */
export function refusals<const Table extends RefusalTable>(table: Table): Refuse<Table> {
  return (code, options) => {
    throw new Refusal(code, table[code] ?? 'Refused.', options);
  };
}
