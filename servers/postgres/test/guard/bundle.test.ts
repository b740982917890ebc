import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { verifies } from '@secure-mcp/testkit';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The guard as it is published: one file, and the parser beside it. */
describe('the guard in a bundle', () => {
  const folder = mkdtempSync(join(tmpdir(), 'guard-'));
  const wasm = join(folder, 'libpg-query.wasm');
  const guard = fileURLToPath(new URL('../../src/guard/index.ts', import.meta.url));

  beforeAll(async () => {
    const access = `{ schemas: [], only: undefined, deny: [], masks: [], extensions: [], functions: [] }`;
    const catalog = `{ relations: [], functions: [], types: [], attributes: [], extensionSchemas: [] }`;
    writeFileSync(
      join(folder, 'main.ts'),
      `import { createStatementGuard } from ${JSON.stringify(guard)};
       const say = (text) => console.log(text);
       createStatementGuard(${access}, ${catalog}).then(
         (guard) => say(guard.parse('SELECT 1 + $1', 1).text),
         (error) => say(error.code),
       );`,
    );
    await build({
      entryPoints: [join(folder, 'main.ts')],
      outfile: join(folder, 'main.cjs'),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      minify: true,
      conditions: ['@secure-mcp/source'],
      logLevel: 'silent',
    });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'main.cjs')], {
      cwd: folder,
    });
    return stdout.trim();
  };

  it(verifies('C2.statement', 'refuses all statements where the parser is missing'), async () => {
    expect(await run()).toBe('sql.unavailable');
  });

  it('parses with the file beside it', async () => {
    const parser = createRequire(guard).resolve('libpg-query');
    copyFileSync(join(dirname(parser), 'libpg-query.wasm'), wasm);
    expect(await run()).toBe('SELECT (1) + $1');
  });
});
