import { verifies } from '@secure-mcp/testkit';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

import { makeProof } from './helpers/proofs.ts';
import {
  boundTo,
  CERTIFICATES,
  makeWorld,
  NOW,
  presents,
  RESOURCE,
  type World,
} from './helpers/world.ts';

/** How each kind of token may be used: what a reader of the RFCs would say, without our code. */
const TOKENS = {
  key: 'bearer',
  expiredKey: 'never',
  withdrawnKey: 'never',
  listedKey: 'never',
  unknownKey: 'never',
  plain: 'bearer',
  listed: 'never',
  expired: 'never',
  forged: 'never',
  opaque: 'never',
  ofKey: 'proof',
  ofCertificate: 'certificate',
  ofBoth: 'both',
} as const;

type TokenName = keyof typeof TOKENS;

const FORMS = {
  bearer: (token: string) => `Bearer ${token}`,
  lowerBearer: (token: string) => `bearer ${token}`,
  dpop: (token: string) => `DPoP ${token}`,
  bare: (token: string) => token,
  basic: (token: string) => `Basic ${token}`,
  twice: (token: string) => `Bearer ${token}, Bearer ${token}`,
  padded: (token: string) => `Bearer ${token} `,
  cut: (token: string) => `Bearer ${token.slice(0, -1)}`,
  empty: () => '',
} as const;

const PROOFS = ['none', 'good', 'ofThief', 'otherToken', 'otherMethod', 'old', 'junk'] as const;

interface Case {
  readonly form: keyof typeof FORMS | 'absent';
  readonly token: TokenName;
  readonly proof: (typeof PROOFS)[number];
  readonly certificate: keyof typeof CERTIFICATES | 'absent';
  readonly required: boolean;
}

/** All of them: there are few enough to leave none to chance. */
function allCases(): readonly Case[] {
  const forms = ['absent', ...namesOf(FORMS)] as const;
  const certificates = ['absent', ...namesOf(CERTIFICATES)] as const;
  const headers = pairs(pairs(forms, namesOf(TOKENS)), PROOFS);
  return pairs(headers, pairs(certificates, [false, true])).map(
    ([[[form, token], proof], [certificate, required]]) => ({
      form,
      token,
      proof,
      certificate,
      required,
    }),
  );
}

function pairs<One, Other>(
  ones: readonly One[],
  others: readonly Other[],
): readonly (readonly [One, Other])[] {
  return ones.flatMap((one) => others.map((other) => [one, other] as const));
}

function namesOf<Name extends string>(table: Readonly<Record<Name, unknown>>): readonly Name[] {
  const isName = (name: string): name is Name => name in table;
  return Object.keys(table).filter(isName);
}

let world: World;
let tokens: Readonly<Record<TokenName, string>>;

beforeAll(async () => {
  world = await makeWorld();
  const { apiKeys, sender } = world;
  const { named } = CERTIFICATES;
  const plain = await world.token();
  const stranger = await makeWorld();
  tokens = {
    key: apiKeys.good,
    expiredKey: apiKeys.expired,
    withdrawnKey: apiKeys.withdrawn,
    listedKey: apiKeys.listed,
    unknownKey: apiKeys.unknown,
    plain,
    listed: await world.token({ jti: 'listed' }),
    expired: await world.token({ exp: NOW / 1000 }),
    forged: await stranger.token(),
    opaque: '2YotnFZFEjr1zCsicMWpAA',
    ofKey: await world.token(boundTo({ key: sender })),
    ofCertificate: await world.token(boundTo({ certificate: named })),
    ofBoth: await world.token(boundTo({ key: sender, certificate: named })),
  };
});

/** Proofs are made once: each case has a memory of used ones of its own. */
const made = new Map<string, string | undefined>();

async function proofOf({ proof, token }: Case): Promise<string | undefined> {
  const name = `${proof} ${token}`;
  if (!made.has(name)) made.set(name, await makeProofOf(proof, tokens[token]));
  return made.get(name);
}

async function makeProofOf(proof: Case['proof'], token: string): Promise<string | undefined> {
  const { sender, thief } = world;
  const purpose = { url: RESOURCE, method: 'POST', token, now: NOW };
  switch (proof) {
    case 'none':
      return undefined;
    case 'good':
      return makeProof(sender, purpose);
    case 'ofThief':
      return makeProof(thief, purpose);
    case 'otherToken':
      return makeProof(sender, { ...purpose, token: 'another' });
    case 'otherMethod':
      return makeProof(sender, { ...purpose, method: 'GET' });
    case 'old':
      return makeProof(sender, { ...purpose, now: NOW - 3_600_000 });
    case 'junk':
      return 'e30.e30.e30';
  }
}

/** What proves the caller of a case: exactly one thing, or nothing. */
function expectedMethod(given: Case): string | undefined {
  const { form, token, proof, certificate } = given;
  if (form === 'absent')
    return proof === 'none' && certificate === 'named' ? 'certificate' : undefined;
  if (certificate === 'listed' || certificate === 'withdrawn') return undefined;
  if (!isUsedRightly(given)) return undefined;
  return token === 'key' ? 'api-key' : 'jwt';
}

function isUsedRightly({ form, token, proof, certificate, required }: Case): boolean {
  const asBearer = (form === 'bearer' || form === 'lowerBearer') && proof === 'none';
  const asProved = form === 'dpop' && proof === 'good';
  const overCertificate = certificate === 'named';
  switch (TOKENS[token]) {
    case 'bearer':
      return asBearer && !required;
    case 'proof':
      return asProved;
    case 'certificate':
      return asBearer && overCertificate;
    case 'both':
      return asProved && overCertificate;
    case 'never':
      return false;
  }
}

function holdsPieceOf(text: string, { token }: Case): boolean {
  const secret = tokens[token].slice(18);
  const pieces = Array.from({ length: secret.length - 11 }, (_, at) => secret.slice(at, at + 12));
  return pieces.some((piece) => text.includes(piece));
}

test(
  verifies(
    'C4.required',
    'C4.not-passed-on',
    'nothing but exactly one verified credential, used as it has to be, lets anybody in',
  ),
  async () => {
    const wrong: Case[] = [];
    let [asked, inside] = [0, 0];
    for (const given of allCases()) {
      const { form, token, certificate, required } = given;
      const { authenticate } = world.authenticator({ requireSenderConstrained: required });
      const outcome = await authenticate(
        presents({
          authorization: form === 'absent' ? undefined : FORMS[form](tokens[token]),
          proof: await proofOf(given),
          certificate: certificate === 'absent' ? undefined : CERTIFICATES[certificate],
        }),
      );
      const method = outcome.ok ? outcome.verified.method : undefined;
      if (method !== expectedMethod(given)) wrong.push(given);
      // Not even the audit trail gets a credential: neither the yes nor the no holds a piece of one.
      if (holdsPieceOf(JSON.stringify(outcome), given)) wrong.push(given);
      asked += 1;
      if (outcome.ok) inside += 1;
    }
    expect(wrong).toEqual([]);
    // Whoever lets nobody in would hold the promise as well: 26 with the certificate alone (the token
    // that is not sent is any), 16 + 8 + 4 + 2 with tokens.
    expect([asked, inside]).toEqual([10_920, 56]);
  },
);

test(verifies('C4.required', 'no text in the place of a credential lets anybody in'), async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.string({ unit: fc.constantFrom('.', '=', ' ', ',', '_', 'A', 'mcpk_', 'Bearer ', 'DPoP ') }),
  );
  const optional = fc.option(text, { nil: undefined });
  const property = fc.asyncProperty(optional, optional, async (authorization, proof) => {
    const outcome = await world.authenticator().authenticate(presents({ authorization, proof }));
    expect(outcome.ok).toBe(false);
  });
  await fc.assert(property, { numRuns: 3000 });
});
