import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import { createLogger, type LogLevel } from '../src/index.ts';

async function logged(level: LogLevel, write: (log: ReturnType<typeof createLogger>) => void) {
  const lines: string[] = [];
  const sink = { write: (line: string) => void lines.push(line), close: () => undefined };
  const log = createLogger({ level, sink, scrub: (text) => text.replaceAll('hidden', '***') });
  write(log);
  await log.flush();
  return lines.map((line): Record<string, unknown> => Object(JSON.parse(line)));
}

describe('createLogger', () => {
  test('writes JSON lines in order, from its level up', async () => {
    const lines = await logged('warn', (log) => {
      log.info('too quiet');
      log.warn('first', { count: 1 });
      log.error('second');
    });
    expect(lines).toMatchObject([
      { level: 'warn', msg: 'first', count: 1 },
      { level: 'error', msg: 'second' },
    ]);
    expect(await logged('silent', (log) => log.error('never'))).toEqual([]);
  });

  test(
    verifies('C8.no-leak', 'redacts fields that carry secrets, and scrubs every text'),
    async () => {
      const error = new Error('at /home/ada/hidden');
      const [line] = await logged('info', (log) =>
        log.info('x', { password: 'p', nested: { token: 't', list: ['hidden text'] }, error }),
      );
      expect(line).toMatchObject({
        password: '[redacted]',
        nested: { token: '[redacted]', list: ['*** text'] },
        error: { name: 'Error' },
      });
      expect(JSON.stringify(line)).not.toContain('ada');
    },
  );
});
