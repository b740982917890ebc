import { createAudit, createLogger } from '@secure-mcp/logging';
import { expect, test } from 'vitest';

import { healthReporter } from '../../src/store/report-health.ts';

function lineSink() {
  const lines: string[] = [];
  const parsed = () => lines.map((line): Record<string, unknown> => Object(JSON.parse(line)));
  return {
    parsed,
    sink: { write: (line: string) => void lines.push(line), close: () => undefined },
  };
}

test('a store that answers at the start is no warning, and after an outage it is one', async () => {
  const [log, trail] = [lineSink(), lineSink()];
  const logger = createLogger({ level: 'info', sink: log.sink, scrub: (text) => text });
  const report = healthReporter({
    logger,
    audit: createAudit({ server: 'test', sink: trail.sink }),
  });
  report(true);
  report(false, 'refused');
  report(true);
  await logger.flush();
  expect(log.parsed().map(({ level }) => level)).toEqual(['info', 'error', 'warn']);
  const types = trail.parsed().map(({ type }) => type);
  expect(types).toEqual(['store.up', 'store.down', 'store.up']);
});
