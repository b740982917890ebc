import { verifies } from '@secure-mcp/testkit';
import { describe, expect, test } from 'vitest';

import type { TokenOutcome } from '../../src/index.ts';
import { createRemembered } from '../../src/introspection/remembered.ts';
import { NOW } from '../jwt/tokens.ts';

const yes: TokenOutcome = {
  ok: true,
  confirmation: {},
  verified: {
    principal: { id: 'x', kind: 'user', scopes: new Set() },
    method: 'introspection',
    expiresAt: NOW + 60_000,
  },
};
const no: TokenOutcome = { ok: false, problem: { kind: 'invalid', detail: 'x' } };
const unknown: TokenOutcome = { ok: false, problem: { kind: 'unavailable', detail: 'x' } };

describe('remembered', () => {
  test(
    verifies(
      'C4.introspection',
      'what an issuer has said of good tokens survives a flood of invented ones',
    ),
    () => {
      const remembered = createRemembered(() => NOW);
      remembered.set('good', yes, 0);
      for (let index = 0; index < 50_000; index += 1) remembered.set(String(index), no, 0);
      expect(remembered.get('good')).toBe(yes);
      expect(remembered.get('49999')).toBe(no);
      expect(remembered.get('0')).toBeUndefined();
    },
  );

  test(
    verifies('C4.introspection', 'what an issuer has said is bounded for good tokens too'),
    () => {
      const remembered = createRemembered(() => NOW);
      for (let index = 0; index < 20_000; index += 1) remembered.set(String(index), yes, 0);
      const kept = Array.from({ length: 20_000 }, (_, index) => remembered.get(String(index)));
      expect(kept.filter((outcome) => outcome !== undefined)).toHaveLength(10_000);
      expect(kept.at(-1)).toBe(yes);
    },
  );

  test(
    verifies('C4.introspection', 'what an issuer has said replaces what it has said before'),
    () => {
      const remembered = createRemembered(() => NOW);
      remembered.set('token', yes, 0);
      remembered.set('token', no, 0);
      expect(remembered.get('token')).toMatchObject({ ok: false });
    },
  );

  test(
    verifies('C12.failures', 'a token that its issuer ends is told apart from one that never was'),
    () => {
      let now = NOW;
      const remembered = createRemembered(() => now);
      const ended = { ok: false, problem: { kind: 'invalid', detail: 'x', genuine: true } };
      remembered.set('token', yes, 0);
      now += 3_600_000;
      expect(remembered.set('token', no, 0)).toEqual(ended);
      expect(remembered.get('token')).toEqual(ended);
      now += 3_600_000;
      expect(remembered.set('token', no, 0)).toEqual(ended);
      expect(remembered.set('invented', no, 0)).toEqual(no);
      expect(remembered.set('invented', no, 0)).toEqual(no);
    },
  );

  test(
    verifies('C4.introspection', 'what an issuer has said is nothing while it does not answer'),
    () => {
      const remembered = createRemembered(() => NOW);
      remembered.set('token', unknown, 0);
      expect(remembered.get('token')).toBeUndefined();
    },
  );
});
