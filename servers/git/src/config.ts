import { commonOptions } from '@secure-mcp/runtime';
import * as z from 'zod';

const path = z.string().min(1).max(4096);

/** This server's options. */
export const options = commonOptions.extend({
  roots: z
    .array(path)
    .min(1, 'name at least one repository')
    .max(64)
    .describe('Repositories, or directories that hold some. They are only read.')
    .meta({ value: '[NAME=]REPOSITORY', positional: true }),
  git: path
    .optional()
    .describe('The git to use. Without it: the first one on the absolute entries of PATH.')
    .meta({ value: 'PROGRAM' }),
  privateDirectory: path
    .optional()
    .describe('Where private copies of small files are kept. Without it: the temporary directory.')
    .meta({ value: 'DIRECTORY' }),
  unsafeRoots: z.boolean().default(false).describe('Serve even / or a home directory.'),
});

export type Options = z.output<typeof options>;
