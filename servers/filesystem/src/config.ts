import { commonOptions } from '@secure-mcp/runtime';
import * as z from 'zod';

import { LIMITS } from './policy.ts';

const glob = z.string().min(1).max(LIMITS.globCharactersMax);

/** This server's options. */
export const options = commonOptions.extend({
  roots: z
    .array(z.string().min(1).max(4096))
    .min(1, 'name at least one directory')
    .max(64)
    .describe('Directories to serve, read-only.')
    .meta({ value: '[NAME=]PATH', positional: true }),
  deny: z
    .array(glob)
    .max(256)
    .default([])
    .describe('Close further names or paths. Every source adds to it.')
    .meta({ value: 'GLOB', adds: true }),
  allow: z
    .array(glob)
    .max(256)
    .default([])
    .describe('Open names that are closed by default, such as .env files.')
    .meta({ value: 'GLOB' }),
  hardLinks: z
    .enum(['owned', 'deny', 'allow'])
    .default('owned')
    .describe('Files with several names: only the server user’s own, none, or all.'),
  sandbox: z
    .enum(['auto', 'descriptor', 'portable'])
    .default('auto')
    .describe('How paths are walked. Auto takes descriptors where the system has them.'),
  unsafeRoots: z
    .boolean()
    .default(false)
    .describe('Serve even /, a home directory or a file system of the kernel.'),
});

export type Options = z.output<typeof options>;
