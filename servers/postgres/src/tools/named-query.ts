import { defineTool, READS, type Tool } from '@secure-mcp/runtime';
import { boundedText } from '@secure-mcp/validation';
import * as z from 'zod';

import { LIMITS } from '../policy.ts';
import type { Context } from './context.ts';
import { renderRows, ROWS, ROWS_LABELS, rowsOutput } from './rows.ts';

/** A statement that the operator wrote, as the configuration holds it. */
export interface NamedQuery {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly database?: string | undefined;
  readonly statement: string;
  readonly parameters: readonly NamedParameter[];
  readonly limit: number;
}

interface NamedParameter {
  readonly name: string;
  readonly type: 'text' | 'integer' | 'number' | 'boolean';
  readonly description?: string | undefined;
  readonly values?: readonly string[] | undefined;
}

/**
 * Makes a tool of an operator's statement. A caller chooses values and nothing else; the statement
 * passes the same guard as a caller's would, so masks and closed relations hold in it, too.
 */
export function namedQuery(definition: NamedQuery): Tool<Context> {
  const { name, title, description, database, statement, parameters, limit } = definition;
  return defineTool({
    name,
    title,
    description,
    scope: 'queries:read',
    annotations: READS,
    labels: ROWS_LABELS,
    input: z.strictObject(
      Object.fromEntries(parameters.map((parameter) => [parameter.name, schemaOf(parameter)])),
    ),
    output: ROWS,

    async run(values, context: Context) {
      const open = await context.database(database);
      const judged = await open.statement(statement, parameters.length);
      const found = await open.read(judged, {
        parameters: parameters.map((parameter) => valueOf(values[parameter.name])),
        skip: 0,
        limit,
      });
      return {
        output: await rowsOutput(found, { database: open, next: undefined, warnings: [] }),
      };
    },

    render: (output) => renderRows(output),
  });
}

function schemaOf({ type, values, description }: NamedParameter): z.ZodType {
  const schema = plainSchemaOf(type, values);
  return description === undefined ? schema : schema.describe(description);
}

function plainSchemaOf(type: NamedParameter['type'], values: NamedParameter['values']): z.ZodType {
  if (values !== undefined) return z.enum(values);
  switch (type) {
    case 'text':
      return boundedText(LIMITS.parameterCharactersMax);
    case 'integer':
      return z.int().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);
    case 'number':
      return z.number().min(-1e15).max(1e15);
    case 'boolean':
      return z.boolean();
  }
}

/** The schema has judged the value; its type is the operator's choice. */
function valueOf(value: unknown): string | boolean | null {
  if (typeof value === 'boolean' || typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : null;
}
