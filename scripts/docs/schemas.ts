import { policySchema } from '@secure-mcp/auth';
import { format } from 'prettier';
import * as z from 'zod';

/** The JSON Schemas that editors use: published with their packages. */
export async function schemaFiles(): Promise<readonly (readonly [file: string, text: string])[]> {
  const file = 'packages/auth/policy.schema.json';
  const schema = {
    ...z.toJSONSchema(policySchema, { io: 'input' }),
    title: 'Policy of a secure MCP server: who may do what',
  };
  return [[file, await format(JSON.stringify(schema), { filepath: file, printWidth: 100 })]];
}
