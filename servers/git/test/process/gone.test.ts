import { expect, test } from 'vitest';

import { isGoneInTime } from '../../src/adapter/process/gone.ts';

test('what cannot die is not waited for', async () => {
  expect(await isGoneInTime(Promise.resolve())).toBe(true);
  expect(await isGoneInTime(Promise.withResolvers<void>().promise)).toBe(false);
});
