import { describeError } from './error.ts';
import type { Sink } from './sink.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Facts beside a message. Texts are scrubbed; errors are reduced to name, code and place. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The operator's log. It tells how the server is, never what callers did: that is the audit trail. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Resolves when every line so far is with the sink. */
  flush(): Promise<void>;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly sink: Sink;
  /** Makes a text fit to be written: secrets out, hidden characters visible. */
  readonly scrub: (text: string) => string;
}

/** How long a line may wait to be written, in milliseconds. */
const WAIT_MS = 100;

interface Line {
  readonly severity: Exclude<LogLevel, 'silent'>;
  readonly message: string;
  readonly fields: unknown;
}

/**
 * Makes a logger of JSON lines. stdout belongs to the protocol, so the sink is never stdout.
 *
 * Lines are written shortly after they are logged, and pino is loaded with the first of them: a client
 * that starts a server waits for its tool list, and should not wait for a logger.
 */
export function createLogger({ level, sink, scrub }: LoggerOptions): Logger {
  let waiting: Line[] = [];
  let written = Promise.resolve();

  const write = (): void => {
    const lines = waiting;
    waiting = [];
    written = written.then(async () => {
      const { openPino } = await import('./pino.ts');
      const pino = openPino(level, sink);
      for (const { severity, message, fields } of lines) pino[severity](fields, message);
    });
  };

  const log = (severity: Line['severity'], message: string, fields: LogFields = {}): void => {
    if (LOG_LEVELS.indexOf(severity) < LOG_LEVELS.indexOf(level)) return;
    if (waiting.length === 0) setTimeout(write, WAIT_MS).unref();
    // Scrubbed now: what a caller hands over may change or be secret later.
    waiting.push({ severity, message, fields: scrubValue(fields, scrub) });
  };

  return {
    debug: (message, fields) => log('debug', message, fields),
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, fields) => log('error', message, fields),
    async flush() {
      if (waiting.length > 0) write();
      await written;
    },
  };
}

function scrubValue(value: unknown, scrub: (text: string) => string): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return describeError(value);
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, scrub));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, scrubValue(member, scrub)]),
  );
}
