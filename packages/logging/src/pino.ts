import { type Logger, pino } from 'pino';

import type { Sink } from './sink.ts';

/** Names under which secrets travel. The value is never written, whatever it is. */
const SECRET_FIELDS = ['password', 'secret', 'token', 'authorization', 'cookie', 'apiKey', 'dsn'];

/** Opens pino on our sink. Its own transports are not used: they need files beside the bundle. */
export function openPino(level: string, sink: Sink): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => sink.write(line.trimEnd()) },
  );
}
