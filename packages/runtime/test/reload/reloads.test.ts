import { writeFileSync } from 'node:fs';

import { makeTemp } from '@secure-mcp/testkit';
import { expect, test } from 'vitest';

import { createReloads } from '../../src/reload/reloads.ts';
import { until, watchTexts } from './watching.ts';

test('SIGHUP makes all anew, and each says for itself whether it could', async () => {
  const temp = makeTemp();
  const reloads = createReloads();
  const one = await watchTexts([temp.write('one', 'ok 1')]);
  const two = await watchTexts([temp.write('two', 'ok 1')]);
  let asked = 0;
  reloads.add('--policy', one.watched);
  reloads.add('--keys', two.watched);
  reloads.add('--issuer', {
    healthy: true,
    reload: async () => {
      asked += 1;
      await Promise.reject(new Error('not now'));
    },
    close: () => undefined,
  });
  const stop = reloads.onSignal();
  writeFileSync(`${temp.path}/one`, 'ok 2');
  writeFileSync(`${temp.path}/two`, 'no');
  process.kill(process.pid, 'SIGHUP');
  await until('the issuer is asked', () => asked === 1);
  await until('the new value', () => one.watched.current === 'ok 2');
  await until('the failure', () => !reloads.healthy);
  expect(reloads.unhealthy).toEqual(['--keys']);
  stop();
  reloads.close();
  expect(process.listenerCount('SIGHUP')).toBe(0);
  expect(reloads.healthy).toBe(true);
  temp.remove();
});
