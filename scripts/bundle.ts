/**
 * Builds a server to one file that runs alone: `dist/main.cjs`, with nothing to install beside it.
 * Called by each server's own build script, from its folder.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { build, type BuildOptions, type Plugin } from 'esbuild';

const shared: BuildOptions = {
  bundle: true,
  platform: 'node',
  // CommonJS starts a third faster than the same code as ES modules (docs/decisions/0002).
  format: 'cjs',
  target: 'node22',
  conditions: ['@secure-mcp/source'],
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
};

/**
 * The SDK loads a JSON Schema validator for content that a client elicits. No server here validates
 * by JSON Schema, so the validator, a third of the bundle, stays out; asking for it is an error.
 */
const withoutJsonSchemaValidator: Plugin = {
  name: 'without-json-schema-validator',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^@modelcontextprotocol\/server\/_shims$/ }, ({ path }) => ({
      path,
      namespace: 'shims',
    }));
    onLoad({ filter: /.*/, namespace: 'shims' }, () => ({
      contents: `
        export { default as process } from 'node:process';
        export class DefaultJsonSchemaValidator {
          getValidator() { throw new Error('this build validates no JSON Schema'); }
        }`,
    }));
  },
};

/** Puts the bundled worker, as text, where the source names the worker's file. */
function embeddedWorker(code: string): Plugin {
  return {
    name: 'embedded-worker',
    setup({ onLoad }) {
      onLoad({ filter: /[/\\]adapter[/\\]worker-source\.ts$/ }, () => ({
        contents: `export const workerSource = { code: ${JSON.stringify(code)} };`,
      }));
    },
  };
}

async function bundleWorker(folder: string): Promise<string> {
  const entry = join(folder, 'src/adapter/worker-main.ts');
  if (!existsSync(entry)) return '';
  const { outputFiles } = await build({ ...shared, entryPoints: [entry], write: false });
  return outputFiles[0]?.text ?? '';
}

const folder = process.cwd();
await build({
  ...shared,
  entryPoints: [join(folder, 'src/main.ts')],
  outfile: join(folder, 'dist/main.cjs'),
  plugins: [withoutJsonSchemaValidator, embeddedWorker(await bundleWorker(folder))],
});
