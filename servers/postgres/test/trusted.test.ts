import { compileTypes, verifies } from '@secure-mcp/testkit';
import { expect, test } from 'vitest';

test(verifies('C3.trusted', 'what no guard has seen does not compile'), async () => {
  const { files, errors } = await compileTypes(new URL('..', import.meta.url));
  expect(files).toContain('trusted.types.ts');
  expect(errors).toBe('');
});
