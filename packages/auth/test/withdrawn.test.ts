import { verifies } from '@secure-mcp/testkit';
import { beforeAll, describe, expect, test } from 'vitest';

import { type Verified } from '../src/index.ts';
import { isWithdrawn, type KeyFile, parseKeyFile } from '../src/network.ts';
import { CERTIFICATES, makeWorld, NOW, presents, type World } from './helpers/world.ts';

let world: World;
let byKey: Verified;
let byCertificate: Verified;

beforeAll(async () => {
  world = await makeWorld();
  byKey = await verified({ authorization: `Bearer ${world.apiKeys.good}` });
  byCertificate = await verified({ certificate: CERTIFICATES.named });
});

async function verified(parts: Parameters<typeof presents>[0]): Promise<Verified> {
  const outcome = await world.authenticator().authenticate(presents(parts));
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.problem));
  return outcome.verified;
}

/** The file of keys with all entries of `ci` and `backup` changed. */
function changed(fields: object): KeyFile {
  const { keys, certificates } = world.keys.content;
  const change = <Entry extends { readonly principal: string }>(entry: Entry) =>
    ['ci', 'backup'].includes(entry.principal) ? { ...entry, ...fields } : entry;
  return fileOf({ keys: keys.map(change), certificates: certificates.map(change) });
}

function fileOf(lists: object): KeyFile {
  const parsed = parseKeyFile({ version: 1, ...lists }, NOW);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.file;
}

const callers = (): readonly Verified[] => [byKey, byCertificate];

test('a caller whose entry stays as it was stays', () => {
  for (const caller of callers()) {
    expect(isWithdrawn(caller, world.keys)).toBe(false);
    expect(isWithdrawn(caller, changed({}))).toBe(false);
  }
});

test('a caller whose certificate ends before its entry stays', async () => {
  const certificateEndsAt = Date.parse('2026-06-20T00:00:00Z');
  const caller = await verified({ certificate: CERTIFICATES.named, certificateEndsAt });
  expect(caller.expiresAt).toBe(certificateEndsAt);
  expect(isWithdrawn(caller, world.keys)).toBe(false);
  expect(isWithdrawn(caller, changed({ expiresAt: '2026-06-16T00:00:00Z' }))).toBe(true);
});

describe('a caller has to go when its entry', () => {
  test.each([
    ['is revoked', { revokedAt: '2026-06-15T12:00:00Z' }],
    ['ends sooner', { expiresAt: '2026-06-16T00:00:00Z' }],
    ['grants less', { scopes: [] }],
    ['grants something else', { scopes: ['git:read'] }],
    ['grants more', { scopes: ['files:read', 'git:read'] }],
    ['names somebody else', { principal: 'eve' }],
  ])(verifies('C13.rotation', '%s'), (_what, fields) => {
    for (const caller of callers()) expect(isWithdrawn(caller, changed(fields))).toBe(true);
  });

  test(verifies('C13.rotation', 'is gone, or the whole file'), () => {
    for (const caller of callers()) {
      expect(isWithdrawn(caller, fileOf({}))).toBe(true);
      expect(isWithdrawn(caller, undefined)).toBe(true);
    }
  });
});

test('a token has to go with the certificate that it came over, and for nothing else', async () => {
  const authorization = `Bearer ${await world.token()}`;
  const alone = await verified({ authorization });
  const together = await verified({ authorization, certificate: CERTIFICATES.named });
  const revoked = changed({ revokedAt: '2026-06-15T12:00:00Z' });
  expect([alone, together].map((caller) => isWithdrawn(caller, world.keys))).toEqual([
    false,
    false,
  ]);
  expect([alone, together].map((caller) => isWithdrawn(caller, revoked))).toEqual([false, true]);
  expect([alone, together].map((caller) => isWithdrawn(caller, undefined))).toEqual([false, false]);
});
