/**
 * Builds a server to files that run alone, with nothing to install beside them: `dist/main.cjs` for a
 * client on stdio, who waits for its start, and `dist/network.cjs` with all that a network takes and
 * with the commands for operators. Called by each server's own build script, from its folder.
 */
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { build, type BuildOptions, type Plugin } from 'esbuild';

import { warningsFail } from './warnings-fail.ts';

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

/**
 * In the file for stdio, what only a network or an operator needs is the whole server once more, with
 * all of it: it reads the command line anew, does what it says and ends the process. Bundled into one
 * file, every start would parse it, and what is shared with it could not be laid out for a fast one.
 */
const networkApart: Plugin = {
  name: 'network-apart',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]runtime[/\\]src[/\\]cli[/\\]apart\.ts$/ }, () => ({
      contents: `
        const whole = () => { require('./network.cjs'); return new Promise(() => {}); };
        export { whole as loadHttp, whole as loadKeys, whole as loadInspect,
          whole as loadHealth };`,
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

interface Bundle {
  readonly code: string;
  /** The files that it is made of. */
  readonly inputs: readonly string[];
}

async function bundleWorker(folder: string): Promise<Bundle> {
  const entry = join(folder, 'src/adapter/worker-main.ts');
  if (!existsSync(entry)) return { code: '', inputs: [] };
  const { outputFiles, metafile } = await build({
    ...shared,
    entryPoints: [entry],
    plugins: [warningsFail],
    write: false,
    metafile: true,
  });
  return { code: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) };
}

/** WebAssembly is read from beside the code that needs it, so it goes along. */
function copyWebAssembly(inputs: readonly string[], to: string): void {
  for (const input of new Set(inputs.map((file) => dirname(file)))) {
    for (const file of readdirSync(input).filter((name) => name.endsWith('.wasm')))
      copyFileSync(join(input, file), join(to, file));
  }
}

/** The licences of everything that is in the bundle, as each of them asks. */
function licencesOf(files: readonly string[]): string {
  const folders = new Set(
    files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []),
  );
  const own = [...folders].filter((path) => !path.includes('@secure-mcp')).toSorted();
  return own.map(licenceOf).join(`\n${'-'.repeat(80)}\n\n`);
}

function licenceOf(path: string): string {
  const { name, version, license }: Record<string, string> = JSON.parse(
    readFileSync(join(path, 'package.json'), 'utf8'),
  );
  const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? '' : readFileSync(join(path, file), 'utf8');
  return `${String(name)} ${String(version)} (${String(license)})\n\n${text.trim()}\n`;
}

const folder = process.cwd();
const worker = await bundleWorker(folder);
const plugins = [warningsFail, withoutJsonSchemaValidator, embeddedWorker(worker.code)];
const program: BuildOptions = { ...shared, entryPoints: [join(folder, 'src/main.ts')] };
await build({
  ...program,
  outfile: join(folder, 'dist/main.cjs'),
  external: ['./network.cjs'],
  plugins: [networkApart, ...plugins],
});
const { metafile } = await build({
  ...program,
  outfile: join(folder, 'dist/network.cjs'),
  plugins,
  metafile: true,
});
const inputs = [...Object.keys(metafile.inputs), ...worker.inputs]
  // What a plugin made up is no file.
  .filter((input) => !input.includes(':'))
  .map((input) => join(folder, input));
copyWebAssembly(inputs, join(folder, 'dist'));
writeFileSync(join(folder, 'dist/third-party-licenses.txt'), licencesOf(inputs));
