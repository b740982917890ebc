/**
 * Builds the program of the demonstration's image, `dist/image/main.mjs`, from the test kit's
 * authorization server and certificates: one file that runs alone. Called from the test kit's folder.
 */
import { build } from 'esbuild';

import { warningsFail } from './warnings-fail.ts';

await build({
  entryPoints: ['src/compose/main.ts'],
  outfile: 'dist/image/main.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  minify: true,
  // The provider tells its models apart by the names of their classes.
  keepNames: true,
  legalComments: 'linked',
  logLevel: 'warning',
  plugins: [warningsFail],
  // Packages in it that are no ES modules ask for Node's own ones in the former way.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});
