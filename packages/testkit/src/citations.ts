import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { ServerName } from './controls.ts';

const REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url));

/** A test, and a promise that it cites. */
export interface Citation {
  readonly promise: string;
  readonly title: string;
  readonly file: string;
  /** Where the citation stands in the file. */
  readonly at: number;
}

const TESTS = [
  '{{packages,servers}/*,docker}/test/**/*.ts',
  'packages/testkit/src/{,containers/}{contract,http-contract}*.ts',
];
/** `verifies('C3.race', 'no read leads outside')`, on one line or several. */
const CALL = /verifies\(\s*((?:'[^'\n]*',?\s*)+(?:`[^`]*`,?\s*)?)\)/g;
const TEXT = /'([^'\n]*)'|`([^`]*)`/g;

/** Finds what every test cites, as it stands in the sources. */
export function citations(): readonly Citation[] {
  const files = TESTS.flatMap((pattern) => globSync(pattern, { cwd: REPOSITORY })).toSorted();
  return files.flatMap((file) =>
    [...readFileSync(join(REPOSITORY, file), 'utf8').matchAll(CALL)].flatMap(
      ({ 1: list = '', index: at }) => {
        const texts = [...list.matchAll(TEXT)].map(
          ([, text, template = '']) => text ?? template.replace(/\$\{.*\}/s, ''),
        );
        const title = texts.at(-1) ?? '';
        return texts.slice(0, -1).map((promise) => ({ promise, title, file, at }));
      },
    ),
  );
}

/** True for a test that runs against one server: its own ones, and the contract that every server passes. */
export function testsServer({ file }: Citation, server: ServerName): boolean {
  return file.startsWith(`servers/${server}/`) || file.startsWith('packages/testkit/src/');
}
