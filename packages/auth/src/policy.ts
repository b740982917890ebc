import * as z from 'zod';

import { PRINCIPAL_KINDS } from './principal.ts';

const NAME = z.string().min(1).max(128);
/** An issuer is a URL, and the id of a caller holds one. */
const LONG_NAME = z.string().min(1).max(2048);
const GLOB = z.string().min(1).max(512);

/** Either a whole name or a prefix and a star. More would be a language to get wrong. */
const namePattern = z
  .string()
  .max(128)
  .regex(/^(?:\*|[a-z][a-z0-9_]*\*?)$/, 'must be a name, or a prefix followed by "*"');

const match = z
  .strictObject({
    kind: z.enum(PRINCIPAL_KINDS).optional().describe('How the caller was identified.'),
    id: LONG_NAME.optional().describe('The stable id that the audit trail shows.'),
    issuer: LONG_NAME.optional().describe('The authorization server that vouches for the caller.'),
    subject: LONG_NAME.optional().describe('The caller, as the issuer names it.'),
    client: LONG_NAME.optional().describe('The OAuth client that the caller uses.'),
  })
  .refine((fields) => Object.keys(fields).length > 0, 'must name at least one property')
  .describe('Every property given here must equal the caller’s.');

const fileRoot = z.strictObject({
  root: NAME.describe('The name of a root that the operator configured.'),
  rights: z
    .array(z.enum(['read', 'write']))
    .min(1)
    .describe('What may be done beneath it.'),
  deny: z.array(GLOB).max(256).default([]).describe('Names and paths that stay closed beneath it.'),
});

const gitRepository = z.strictObject({
  repository: NAME.describe(
    'The name of a root that the operator configured; it covers all repositories beneath it.',
  ),
});

const RELATION = z
  .string()
  .max(130)
  .regex(/^[^.\0]{1,63}\.[^.\0]{1,63}$/, 'must be schema.name');

/** A value that row-level security reads: a constant, or a property of whoever calls. */
const setting = z.union([
  z.string().max(1024),
  z.strictObject({ from: z.enum(['id', 'subject', 'client', 'issuer']) }),
]);

const postgresDatabase = z.strictObject({
  database: NAME.describe('The name of a database that the operator configured.'),
  schemas: z
    .array(NAME)
    .max(64)
    .optional()
    .describe('Only these schemas, of those that the operator opened.'),
  only: z.array(RELATION).max(1024).optional().describe('Only these relations.'),
  deny: z.array(RELATION).max(1024).default([]).describe('Relations that stay closed.'),
  masks: z
    .array(
      z.strictObject({
        column: z
          .string()
          .max(195)
          .regex(/^[^.\0]{1,63}\.[^.\0]{1,63}\.[^.\0]{1,63}$/, 'must be schema.relation.column'),
        how: z.enum(['redact', 'null', 'hash', 'last4', 'domain']).default('redact'),
      }),
    )
    .max(1024)
    .default([])
    .describe('Columns that are shown masked, on top of the operator’s.'),
  role: NAME.optional().describe('The role that statements run as, for row-level security.'),
  settings: z
    .record(
      z
        .string()
        .max(128)
        .regex(
          /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/,
          'must be a name with a prefix, such as app.tenant',
        ),
      setting,
    )
    .default({})
    .describe('Settings that row-level security policies read.'),
});

const rate = z
  .strictObject({
    calls: z.int().min(1).max(1_000_000),
    seconds: z.int().min(1).max(86_400),
  })
  .describe('Calls in a window.');

const concurrency = z.int().min(1).max(64).describe('Calls that run at the same time.');

const toolLimits = z
  .strictObject({ rate: rate.optional(), concurrency: concurrency.optional() })
  .refine((fields) => Object.keys(fields).length > 0, 'must limit something');

const limits = z.strictObject({
  rate: rate.optional(),
  concurrency: concurrency.optional(),
  tools: z
    .record(namePattern, toolLimits)
    .refine((tools) => Object.keys(tools).length <= 256, 'must have 256 entries at most')
    .optional()
    .describe(
      'By name, or by a prefix: its tools share the limit. A tool that several cover has to fit all.',
    ),
  deadlineMs: z.int().min(10).max(600_000).optional().describe('Longest run of one call.'),
  resultBytes: z.int().min(1024).max(16_777_216).optional().describe('Largest answer.'),
});

const entry = z.strictObject({
  match,
  tools: z.array(namePattern).max(256).default([]).describe('Tools that may be called.'),
  resources: z.array(namePattern).max(256).default([]).describe('Resources that may be read.'),
  prompts: z.array(namePattern).max(256).default([]).describe('Prompts that may be used.'),
  files: z
    .strictObject({ roots: z.array(fileRoot).max(256) })
    .optional()
    .describe('Filesystem: roots that may be used. Absent: none.'),
  postgres: z
    .strictObject({ databases: z.array(postgresDatabase).max(256) })
    .optional()
    .describe('PostgreSQL: databases that may be used. Absent: none.'),
  git: z
    .strictObject({ repositories: z.array(gitRepository).max(256) })
    .optional()
    .describe('git: repositories that may be used. Absent: none.'),
  limits: limits.optional().describe('Limits that are stricter than the operator’s options.'),
  secrets: z
    .enum(['redact', 'block'])
    .optional()
    .describe('What happens to secrets found in an answer.'),
});

/**
 * Who may do what. Deny by default: a caller that no entry matches may do nothing, and a list that
 * an entry leaves out is empty. The first entry that matches decides. A policy can only narrow what
 * the operator's options and the caller's scopes already allow.
 */
export const policySchema = z.strictObject({
  $schema: z.string().max(512).optional().describe('Where editors find this schema.'),
  version: z.literal(1),
  principals: z.array(entry).max(10_000),
});

export type Policy = z.output<typeof policySchema>;
export type PolicyEntry = z.output<typeof entry>;
export type PolicyDatabase = z.output<typeof postgresDatabase>;
export type PolicyLimits = z.output<typeof limits>;
