import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Authenticator } from '@secure-mcp/auth';
import {
  createAuthenticator,
  createDpopVerifier,
  createRevocations,
  parseKeyFile,
} from '@secure-mcp/auth/network';
import {
  createTestAuthority,
  makeTemp,
  runOnce,
  type TempDirectory,
  verifies,
} from '@secure-mcp/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { runKeys as runKeysOf } from '../../src/cli/keys.ts';
import { ConfigurationProblem } from '../../src/config/problem.ts';
import { FILE_BYTES_MAX } from '../../src/reload/file-access.ts';
import { fixtureCommand } from '../fixture/command.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

let temp: TempDirectory;
let files = 0;

beforeAll(() => {
  temp = makeTemp();
});
afterAll(() => temp.remove());

/** What was told beside what was printed. */
const told: string[] = [];
const PARTS = {
  name: 'secure-mcp-test',
  scopes: ['files:read', 'git:read', 'x:y'] as const,
  tell: (line: string) => void told.push(line),
};
const runKeys = (args: readonly string[]): Promise<string> => runKeysOf(args, PARTS);

/** A path at which there is no file yet, in a directory of its own. */
function newPath(): string {
  files += 1;
  const directory = join(temp.path, String(files));
  mkdirSync(directory);
  return join(directory, 'keys.json');
}

async function add(path: string, ...more: readonly string[]): Promise<string> {
  const flags = ['--principal', 'ci', '--scopes', 'files:read,git:read', ...more];
  return (await runKeys(['add', path, ...flags])).trimEnd();
}

const idOf = (key: string): string => key.slice(5, 17);

/** The server's own code, over the file as it is now. */
function authenticatorOf(path: string, now = Date.now()): Authenticator {
  const parsed = parseKeyFile(JSON.parse(readFileSync(path, 'utf8')), Date.now());
  const singleUse = { use: async () => true };
  return createAuthenticator({
    verifiers: [],
    keys: () => (parsed.ok ? parsed.file : undefined),
    dpop: createDpopVerifier({ resource: 'https://mcp.example/mcp', singleUse, now: () => now }),
    revocations: () => createRevocations([]),
    requireSenderConstrained: false,
    now: () => now,
  });
}

/** Whom a key lets in at a time. */
async function letIn(path: string, key: string, now = Date.now()): Promise<string | undefined> {
  const nothing = { proof: undefined, certificate: undefined, method: 'POST' };
  const authorization = `Bearer ${key}`;
  const outcome = await authenticatorOf(path, now).authenticate({ authorization, ...nothing });
  return outcome.ok ? outcome.verified.principal.id : undefined;
}

async function problemOf(...args: readonly string[]): Promise<string> {
  try {
    return `done: ${await runKeys(args)}`;
  } catch (error) {
    if (!(error instanceof ConfigurationProblem)) throw error;
    // The file is named as it was given.
    const [, path = ''] = args;
    return error.message.startsWith(`${path}: `)
      ? `FILE${error.message.slice(path.length)}`
      : error.message;
  }
}

describe('keys add', () => {
  test('makes a file that only its owner can read, and shows a key that it lets in', async () => {
    const path = newPath();
    const shown = await runKeys(['add', path, '--principal', 'ci', '--scopes', 'files:read']);
    expect(shown).toMatch(/^mcpk_[a-z0-9]{12}_[\w-]{43}_[0-9A-Za-z]{6}\n$/);
    expect(await letIn(path, shown.trimEnd())).toBe('key:ci');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test(verifies('C4.keys', 'keeps the SHA-256 of a key, and nothing of the key'), async () => {
    const path = newPath();
    const key = await add(path);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain(createHash('sha256').update(key).digest('hex'));
    const secret = key.slice(18, 61);
    for (let at = 0; at + 8 <= secret.length; at += 1)
      expect(text).not.toContain(secret.slice(at, at + 8));
  });

  test('adds to what is there, and lets a key live for the days that were asked for', async () => {
    const path = newPath();
    const [first, second] = [await add(path), await add(path, '--days', '7')];
    for (const key of [first, second]) expect(await letIn(path, key)).toBe('key:ci');
    const now = Date.now();
    expect(await letIn(path, second, now + 6.9 * DAY_MS)).toBe('key:ci');
    expect(await letIn(path, second, now + 7 * DAY_MS)).toBeUndefined();
    expect(await letIn(path, first, now + 89.9 * DAY_MS)).toBe('key:ci');
    expect(await letIn(path, first, now + 90 * DAY_MS)).toBeUndefined();
  });

  test('takes a scope that brings one of the server along', async () => {
    const flags = ['--principal', 'ci', '--scopes', 'files:write'];
    expect(await runKeys(['add', newPath(), ...flags])).toMatch(/^mcpk_/);
  });

  test('gives the scopes that were asked for', async () => {
    const path = newPath();
    await add(path);
    const { keys } = JSON.parse(readFileSync(path, 'utf8'));
    expect(keys).toMatchObject([{ principal: 'ci', scopes: ['files:read', 'git:read'] }]);
  });
});

describe('keys add --certificate', () => {
  const given = ['--principal', 'backup', '--scopes', 'files:read'];

  test('names the caller who holds it, without a token', async () => {
    const path = newPath();
    const { certificate, sha256 } = createTestAuthority().issueClient({ name: 'backup' });
    const pem = temp.write('client.pem', certificate);
    const thumbprint = Buffer.from(sha256).toString('hex');
    expect(await runKeys(['add', path, ...given, '--certificate', pem])).toBe(`${thumbprint}\n`);
    const { authenticate } = authenticatorOf(path);
    const nothing = { authorization: undefined, proof: undefined, method: 'POST' };
    expect(await authenticate({ ...nothing, certificate: sha256 })).toMatchObject({
      ok: true,
      verified: { principal: { id: 'certificate:backup' }, method: 'certificate' },
    });
    expect(await runKeys(['list', path])).toContain(thumbprint);
  });

  test('does not write what no server would read: one certificate for two callers', async () => {
    const path = newPath();
    const pem = temp.write('client.pem', createTestAuthority().issueClient().certificate);
    await runKeys(['add', path, ...given, '--certificate', pem]);
    const before = readFileSync(path, 'utf8');
    expect(await problemOf('add', path, ...given, '--certificate', pem)).toBe(
      'FILE: certificates.1.certificate: stands there twice',
    );
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});

describe('keys rotate', () => {
  test(
    verifies('C13.rotation', 'leaves the former key a day, and gives the new one the same life'),
    async () => {
      const path = newPath();
      const former = await add(path, '--days', '30');
      const key = (await runKeys(['rotate', path, idOf(former)])).trimEnd();
      const now = Date.now();
      expect(await letIn(path, former, now + 23.9 * HOUR_MS)).toBe('key:ci');
      expect(await letIn(path, former, now + 24 * HOUR_MS)).toBeUndefined();
      expect(await letIn(path, key, now)).toBe('key:ci');
      expect(await letIn(path, key, now + 29.9 * DAY_MS)).toBe('key:ci');
      expect(await letIn(path, key, now + 30 * DAY_MS)).toBeUndefined();
    },
  );

  test('leaves it as long as it is told, and none of the time beyond its own end', async () => {
    const path = newPath();
    const former = await add(path, '--days', '1');
    await runKeys(['rotate', path, idOf(former), '--overlap-hours', '100', '--days', '2']);
    expect(await letIn(path, former, Date.now() + 23.9 * HOUR_MS)).toBe('key:ci');
    expect(await letIn(path, former, Date.now() + 24 * HOUR_MS)).toBeUndefined();
  });

  test(verifies('C13.rotation', 'without an overlap ends the former key at once'), async () => {
    const path = newPath();
    const former = await add(path);
    const key = (await runKeys(['rotate', path, idOf(former), '--overlap-hours', '0'])).trimEnd();
    expect(await letIn(path, former)).toBeUndefined();
    expect(await letIn(path, key)).toBe('key:ci');
  });

  test('does not bring a revoked key back', async () => {
    const path = newPath();
    const key = await add(path);
    await runKeys(['revoke', path, idOf(key)]);
    const before = readFileSync(path, 'utf8');
    expect(await problemOf('rotate', path, idOf(key))).toBe(
      `${idOf(key)}: the key is revoked; add one instead`,
    );
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});

describe('keys revoke', () => {
  test(verifies('C13.rotation', 'ends one key, and no other'), async () => {
    const path = newPath();
    const [one, other] = [await add(path), await add(path)];
    expect(await runKeys(['revoke', path, idOf(one)])).toBe(`revoked ${idOf(one)}\n`);
    expect(await letIn(path, one)).toBeUndefined();
    expect(await letIn(path, other)).toBe('key:ci');
  });

  test('keeps the first time, when it is asked again', async () => {
    const path = newPath();
    const id = idOf(await add(path));
    await runKeys(['revoke', path, id]);
    const before = readFileSync(path, 'utf8');
    await runKeys(['revoke', path, id]);
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  test(
    verifies('C13.rotation', 'leaves a file that servers read, however little of it is left'),
    async () => {
      const path = newPath();
      const scopes = Array.from({ length: 16 }, (_, at) => `some-long-noun-${String(at)}:read`);
      const keyAt = (at: number) => {
        const id = at.toString(36).padStart(12, '0');
        const sha256 = createHash('sha256').update(id).digest('hex');
        const expiresAt = new Date(Date.now() + DAY_MS).toISOString();
        return { id, sha256, principal: 'ci', scopes, expiresAt };
      };
      // As a program writes it: with all the spaces that a person likes, it would be too long.
      const length = Math.floor(FILE_BYTES_MAX / (JSON.stringify(keyAt(0)).length + 1)) - 1;
      const keys = Array.from({ length }, (_, at) => keyAt(at));
      writeFileSync(path, JSON.stringify({ version: 1, keys }), { mode: 0o600 });
      await runKeys(['revoke', path, keyAt(7).id]);
      expect(await runKeys(['list', path])).toMatch(new RegExp(`^${keyAt(7).id} .* revoked `, 'm'));
      const more = ['add', path, '--principal', 'ci', '--scopes', 'files:read'] as const;
      let problem = '';
      for (let added = 0; added < 8 && !problem.startsWith('FILE'); added += 1)
        problem = await problemOf(...more);
      expect(problem).toBe('FILE: the file would be too large');
      expect(statSync(path).size).toBeLessThanOrEqual(FILE_BYTES_MAX);
    },
  );

  test('knows certificates by their thumbprints', async () => {
    const path = newPath();
    const thumbprint = 'ab'.repeat(32);
    const entry = {
      certificate: thumbprint,
      principal: 'backup',
      scopes: [],
      expiresAt: new Date(Date.now() + DAY_MS).toISOString(),
    };
    writeFileSync(path, JSON.stringify({ version: 1, certificates: [entry] }), { mode: 0o600 });
    await runKeys(['revoke', path, thumbprint]);
    const { certificates } = JSON.parse(readFileSync(path, 'utf8'));
    expect(certificates).toMatchObject([{ ...entry, revokedAt: expect.any(String) }]);
  });
});

describe('keys list', () => {
  test(verifies('C4.keys', 'shows who may call for how long, and no hash'), async () => {
    const path = newPath();
    const [good, revoked] = [await add(path), await add(path)];
    await runKeys(['revoke', path, idOf(revoked)]);
    const text = await runKeys(['list', path]);
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(rows.map((row) => row.slice(0, 4))).toEqual([
      ['ID', 'PRINCIPAL', 'SCOPES', 'STATE'],
      [idOf(good), 'ci', 'files:read,git:read', 'good'],
      [idOf(revoked), 'ci', 'files:read,git:read', 'revoked'],
    ]);
    expect(text).not.toContain(createHash('sha256').update(good).digest('hex').slice(0, 8));
    expect(text).not.toContain(good.slice(18, 26));
  });
});

describe('wrong words are named, and nothing is written:', () => {
  const given = ['--principal', 'ci', '--scopes', 'files:read'];
  test.each<readonly [args: readonly string[], problem: string]>([
    [[], 'keys: expected add, rotate, revoke or list; see keys --help'],
    [['frob', 'FILE'], 'keys: expected add, rotate, revoke or list; see keys --help'],
    [['constructor', 'FILE'], 'keys: expected add, rotate, revoke or list; see keys --help'],
    [['add'], 'FILE: is missing; see keys --help'],
    [['add', 'FILE', 'more', ...given], 'more: unexpected argument'],
    [['add', 'FILE'], '--principal: is missing'],
    [['add', 'FILE', '--principal', 'ci'], '--scopes: is missing'],
    [['add', 'FILE', '--principal', '--scopes'], '--principal: needs a value'],
    [['add', 'FILE', '--principal='], '--principal: needs a value'],
    [['add', 'FILE', ...given, '--principal', 'x'], '--principal: given twice'],
    [['add', 'FILE', ...given, '--pricipal', 'x'], '--pricipal: unknown option'],
    [['add', 'FILE', ...given, '--no-days'], '--no-days: unknown option'],
    [['add', 'FILE', ...given, '-d', '3'], '-d: unknown option'],
    [['add', 'FILE', ...given, '--days', '0'], '--days: must be a whole number from 1 to 366'],
    [['add', 'FILE', ...given, '--days', '367'], '--days: must be a whole number from 1 to 366'],
    [['add', 'FILE', ...given, '--days', '1e2'], '--days: must be a whole number from 1 to 366'],
    [['add', 'FILE', ...given, '--days', '-1'], '--days: must be a whole number from 1 to 366'],
    [
      ['add', 'FILE', '--principal', 'a b', '--scopes', 'x:y'],
      '--principal: must be a name of letters, digits and . _ @ -',
    ],
    [
      ['add', 'FILE', '--principal', 'ci', '--scopes', '*'],
      '--scopes: must be scopes such as files:read, with commas',
    ],
    [
      ['add', 'FILE', '--principal', 'ci', '--scopes', 'x:y,'],
      '--scopes: must be scopes such as files:read, with commas',
    ],
    [
      ['add', 'FILE', ...given, '--certificate', 'package.json'],
      '--certificate: the file holds no certificate',
    ],
    [['rotate', 'FILE'], 'ID: is missing; see keys list FILE'],
    [['rotate', 'FILE', 'aaaaaaaaaaaa'], 'FILE: there is no such file'],
    [
      ['rotate', 'FILE', 'aaaaaaaaaaaa', '--overlap-hours', '721'],
      '--overlap-hours: must be a whole number from 0 to 720',
    ],
    [['revoke', 'FILE', 'aaaaaaaaaaaa'], 'FILE: there is no such file'],
    [['revoke', 'FILE', 'aaaaaaaaaaaa', '--days', '3'], '--days: unknown option'],
    [['list', 'FILE'], 'FILE: there is no such file'],
    [['list', 'FILE', 'x'], 'x: unexpected argument'],
    [
      ['add', 'FILE', '--principal', 'ci', '--scopes', 'x:y,files:red'],
      '--scopes: there is no files:red; this server has files:read, git:read, x:y',
    ],
    [
      ['revoke', 'FILE', 'reports'],
      'ID: is neither the id of a key nor a thumbprint; keys list FILE shows them',
    ],
  ])('keys %j', async (args, problem) => {
    const path = newPath();
    expect(await problemOf(...args.map((arg) => (arg === 'FILE' ? path : arg)))).toBe(problem);
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  test('an id that is not in the file', async () => {
    const path = newPath();
    await add(path);
    const before = readFileSync(path, 'utf8');
    expect(await problemOf('rotate', path, 'aaaaaaaaaaaa')).toBe('no such key: aaaaaaaaaaaa');
    expect(await problemOf('revoke', path, 'aaaaaaaaaaaa')).toBe(
      'no such key or certificate: aaaaaaaaaaaa',
    );
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  test('a directory that is not there', async () => {
    const path = join(temp.path, 'nowhere', 'keys.json');
    expect(await problemOf('add', path, ...given)).toBe('FILE: there is no such directory');
  });
});

describe('a file that is not right is not worked on, and stays as it is:', () => {
  test.each([
    ['not JSON', '{', 'FILE: not valid JSON (syntax)'],
    ['with a key twice', '{"version":1,"version":1}', 'FILE: not valid JSON (duplicate key)'],
    ['of another version', '{"version":2}', 'FILE: version: must be 1'],
  ])('one %s', async (_what, text, problem) => {
    const path = newPath();
    writeFileSync(path, text, { mode: 0o600 });
    expect(await problemOf('list', path)).toBe(problem);
    expect(await problemOf('add', path, '--principal', 'ci', '--scopes', 'x:y')).toBe(problem);
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(readdirSync(join(path, '..'))).toEqual(['keys.json']);
  });

  test(
    verifies('C4.keys', 'one that holds a key itself, which the message does not repeat'),
    async () => {
      const path = newPath();
      const key = await add(newPath());
      writeFileSync(path, JSON.stringify({ version: 1, keys: [{ key }] }), { mode: 0o600 });
      const problem = await problemOf('list', path);
      expect(problem).toBe('FILE: the file holds an API key itself; it may only hold its SHA-256');
    },
  );
});

describe('a file that others can reach is not worked on:', () => {
  const attempt = async (path: string): Promise<readonly string[]> => [
    await problemOf('list', path),
    await problemOf('add', path, '--principal', 'eve', '--scopes', 'files:read'),
  ];

  test.each(['602', '620', '666', '777'])('with the mode %s', async (mode) => {
    const path = newPath();
    await add(path);
    chmodSync(path, mode);
    const before = readFileSync(path, 'utf8');
    expect(new Set(await attempt(path))).toEqual(new Set(['FILE: can be written by others']));
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  test('with a second name, which would keep what is revoked', async () => {
    const path = newPath();
    await add(path);
    linkSync(path, `${path}.copy`);
    expect(new Set(await attempt(path))).toEqual(new Set(['FILE: has a second name']));
  });

  test('by a link', async () => {
    const [path, link] = [newPath(), newPath()];
    await add(path);
    const before = readFileSync(path, 'utf8');
    symlinkSync(path, link);
    expect(new Set(await attempt(link))).toEqual(
      new Set(['FILE: is a link; name the file itself']),
    );
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  test('by a link to nothing, through which a file would be made elsewhere', async () => {
    const link = newPath();
    const target = join(temp.path, 'made-elsewhere');
    symlinkSync(target, link);
    expect(new Set(await attempt(link))).toEqual(
      new Set(['FILE: is a link; name the file itself']),
    );
    expect(existsSync(target)).toBe(false);
  });

  test.each([
    ['that everybody can write', 0o777],
    ['that a group can write', 0o775],
  ])('in a directory %s', async (_who, mode) => {
    const path = newPath();
    chmodSync(join(path, '..'), mode);
    expect(await problemOf('add', path, '--principal', 'ci', '--scopes', 'x:y')).toBe(
      'FILE: stands in or beneath a directory that others may write',
    );
    expect(existsSync(path)).toBe(false);
  });
});

test('a change keeps the mode', async () => {
  const path = newPath();
  await add(path);
  for (const mode of [0o640, 0o400, 0o600]) {
    chmodSync(path, mode);
    await add(path);
    expect(statSync(path).mode & 0o777).toBe(mode);
  }
});

test('root keeps the file for the user whose it is, and nobody else works on it', async () => {
  const path = newPath();
  await add(path);
  if (process.geteuid?.() === 0) {
    chownSync(path, 4711, 4712);
    await add(path);
    expect(statSync(path)).toMatchObject({ uid: 4711, gid: 4712 });
  } else expect(await problemOf('list', '/etc/passwd')).toBe('FILE: belongs to somebody else');
});

describe('two commands at once', () => {
  const run = promisify(execFile);
  const script = `
    const { runKeys } = await import(${JSON.stringify(import.meta.resolve('../../src/cli/keys.ts'))});
    for (let round = 0; round < 8; round += 1)
      process.stdout.write(
        await runKeys(['add', process.argv[1], '--principal', 'ci', '--scopes', 'files:read'], {
          name: 'test',
          scopes: ['files:read'],
          tell: () => undefined,
        }),
      );
  `;
  const options = ['--conditions=@secure-mcp/source', '--input-type=module', '--eval', script];

  test(verifies('C13.rotation', 'lose no change, and a reader never sees a half'), async () => {
    const path = newPath();
    await add(path);
    const writers = Array.from({ length: 4 }, async () =>
      run(process.execPath, [...options, path], {
        cwd: fileURLToPath(new URL('.', import.meta.url)),
      }),
    );
    const all = Promise.all(writers);
    let ended = false;
    void all.finally(() => {
      ended = true;
    });
    let reads = 0;
    while (!ended) {
      expect(parseKeyFile(JSON.parse(readFileSync(path, 'utf8')), Date.now()).ok).toBe(true);
      reads += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const shown = (await all).flatMap(({ stdout }) => stdout.trimEnd().split('\n'));
    expect(new Set(shown).size).toBe(32);
    for (const key of shown) expect(await letIn(path, key)).toBe('key:ci');
    expect(reads).toBeGreaterThan(50);
    expect(readdirSync(join(path, '..'))).toEqual(['keys.json']);
  });

  test('wait for one another, and say so when it takes too long', async () => {
    const path = newPath();
    await add(path);
    const before = readFileSync(path, 'utf8');
    writeFileSync(`${path}.lock`, '');
    expect(await problemOf('revoke', path, 'aaaaaaaaaaaa')).toBe(
      'FILE: another command works on it; if none does, remove keys.json.lock beside it',
    );
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});

test('a file is named as it was given', async () => {
  const path = newPath();
  await expect(runKeys(['list', path])).rejects.toThrow(`${path}: there is no such file`);
});

describe(
  verifies('C4.keys', 'a key that is given where an id or a file belongs is not repeated:'),
  () => {
    test.each<readonly [args: readonly string[], problem: string]>([
      [['revoke', 'FILE', 'KEY'], 'ID: is a whole key; its id is its second part, as in mcpk_ID_…'],
      [['rotate', 'FILE', 'KEY'], 'ID: is a whole key; its id is its second part, as in mcpk_ID_…'],
      [
        ['revoke', 'FILE', 'REST'],
        'ID: is neither the id of a key nor a thumbprint; keys list FILE shows them',
      ],
      [['revoke', 'KEY', 'FILE'], 'FILE: is a key; the file comes first'],
      [['list', 'FILE', 'KEY'], 'a key: unexpected argument'],
    ])('keys %j', async (args, problem) => {
      const path = newPath();
      const key = await add(path);
      const words = new Map([
        ['FILE', path],
        ['KEY', key],
        ['REST', key.slice(5)],
      ]);
      await expect(runKeys(args.map((arg) => words.get(arg) ?? arg))).rejects.toThrow(problem);
      await expect(runKeys(args.map((arg) => words.get(arg) ?? arg))).rejects.not.toThrow(
        key.slice(18, 26),
      );
    });
  },
);

test(
  verifies('C4.keys', 'a file that others can read is closed to them with the next change'),
  async () => {
    const path = newPath();
    const key = await add(path);
    chmodSync(path, 0o644);
    told.length = 0;
    await runKeys(['list', path]);
    expect(told).toEqual([`${path}: others may read it, so no server takes it (chmod 600)`]);
    await runKeys(['revoke', path, idOf(key)]);
    expect(told.at(-1)).toBe(
      `${path}: others could read it, which no server takes; now they cannot`,
    );
    expect(statSync(path).mode & 0o004).toBe(0);
    expect(await letIn(path, key)).toBeUndefined();
  },
);

test('a person is told the id, the caller and the end of what was made', async () => {
  const path = newPath();
  told.length = 0;
  const key = await add(path, '--days', '7');
  const until = JSON.parse(readFileSync(path, 'utf8')).keys[0].expiresAt;
  const what = `caller key:ci, scopes files:read,git:read, until ${until}`;
  expect(told).toEqual([`id ${idOf(key)}, ${what}`]);
});

test.each([
  ['keys', '--help'],
  ['keys', 'add', '--help'],
  ['keys', 'rotate', 'FILE', '--help'],
])('%s %s %s has a help of its own, with every option, its bounds and its default', (...args) => {
  const { status, stdout } = runOnce(fixtureCommand(...args));
  expect(status).toBe(0);
  for (const words of [
    'keys add FILE',
    '1 to 366. Default: 90',
    '0 to 720. Default: 24',
    'keys revoke FILE ID',
    'keys list FILE',
    'test:read',
    'mcpk_ID_',
    '--certificate PEM',
  ])
    expect(stdout).toContain(words);
});

test('the command of a server shows the key on stdout, alone, and ends with 2 for wrong words', () => {
  const path = newPath();
  const flags = ['--principal', 'ci', '--scopes'];
  const command = ['keys', 'add', path, ...flags];
  const { status, stdout, stderr } = runOnce(fixtureCommand(...command, 'test:read'));
  expect(status).toBe(0);
  expect(stdout).toMatch(/^mcpk_\S+\n$/);
  expect(stderr).toMatch(
    new RegExp(`^id ${idOf(stdout)}, caller key:ci, scopes test:read, until \\S+\n$`),
  );
  expect(runOnce(fixtureCommand(...command, 'test:raed'))).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining('--scopes: there is no test:raed; this server has test:'),
  });
  expect(runOnce(fixtureCommand('keys', 'revoke', path))).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining('ID: is missing'),
  });
});
