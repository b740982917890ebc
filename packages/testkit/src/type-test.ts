import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { makeTemp } from './temp.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** What the compiler says to `trusted.types.ts` of a server's tests. */
export interface Compiled {
  /** That it was read at all. */
  readonly files: string;
  /** Empty when all is well: an expected error that does not come is an error itself (TS2578). */
  readonly errors: string;
}

/**
 * Compiles `test/trusted.types.ts` of the server in a folder: calls that must not compile, each behind a
 * `@ts-expect-error`.
 */
export async function compileTypes(server: URL): Promise<Compiled> {
  const temp = makeTemp();
  const folder = fileURLToPath(server);
  const project = temp.write(
    'tsconfig.json',
    JSON.stringify({
      extends: join(REPOSITORY, 'tsconfig.json'),
      compilerOptions: {
        typeRoots: [join(REPOSITORY, 'node_modules/@types')],
        rootDir: REPOSITORY,
      },
      // Besides the calls, what the server declares for packages that come without types.
      include: [join(folder, 'test/trusted.types.ts'), join(folder, 'src/**/*.d.ts')],
      exclude: [],
    }),
  );
  const compile = async (...options: readonly string[]): Promise<string> => {
    const program = join(REPOSITORY, 'node_modules/.bin/tsc');
    const run = promisify(execFile)(program, ['--project', project, ...options]);
    // The compiler ends with 2 where it finds errors, and prints them.
    return run.then(
      ({ stdout }) => stdout,
      ({ stdout }: { readonly stdout: string }) => stdout,
    );
  };
  try {
    return { files: await compile('--listFilesOnly'), errors: await compile() };
  } finally {
    temp.remove();
  }
}
