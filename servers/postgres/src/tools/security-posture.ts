import { defineTool, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import { LIMITS } from '../policy.ts';
import type { Context, OpenDatabase } from './context.ts';
import { databaseAsked, type Facts, factList, facts, present, sections } from './words.ts';

import type { Finding } from '../adapter/index.ts';

const OUTPUT = z.strictObject({
  grade: z.string(),
  findings: factList,
  limits: facts,
});
type Output = z.output<typeof OUTPUT>;

export const securityPosture = defineTool({
  name: 'security_posture',
  title: 'Security posture',
  description: 'What the role could do beyond reading, and the limits in force.',
  scope: 'activity:read',
  annotations: READS,
  input: z.strictObject({ database: databaseAsked }),
  output: OUTPUT,

  async run({ database: name }, context: Context) {
    return { output: await postureOf(await context.database(name)) };
  },

  render({ grade, findings, limits }) {
    return {
      summary: `Grade ${grade}. Findings: ${String(findings.length)}.`,
      data: sections({ findings, limits: [limits] }),
    };
  },
});

export async function postureOf(database: OpenDatabase): Promise<Output> {
  const findings = await database.posture();
  return {
    grade: gradeOf(findings),
    findings: findings.map(shownFinding),
    limits: limitsOf(database),
  };
}

/** As bad as the worst finding, and worse when there are many. */
function gradeOf(findings: readonly Finding[]): string {
  const warnings = findings.filter(({ severity }) => severity === 'warn').length;
  if (findings.some(({ severity }) => severity === 'refuse')) return 'F';
  if (warnings > 3) return 'D';
  if (warnings > 1) return 'C';
  return warnings === 1 ? 'B' : 'A';
}

/** Findings whose evidence and whose fix name the role at most. Those of others name relations, which may be hidden. */
const NAMELESS = new Set<Finding['id']>([
  ...(['role.superuser', 'role.bypassrls', 'role.replication', 'role.createrole'] as const),
  ...(['role.createdb', 'role.server-files', 'role.writes-all', 'role.powers'] as const),
  ...(['role.reads-all', 'role.temporary', 'role.statistics', 'role.connections'] as const),
  ...(['session.read-only', 'session.strings', 'session.timeout', 'server.old'] as const),
  ...(['connection.plain', 'password-file.open'] as const),
]);

function shownFinding({ id, severity, evidence, fix }: Finding): Facts {
  if (NAMELESS.has(id)) return present({ id, severity, evidence, fix });
  const [said = ''] = evidence.split(':');
  return { id, severity, evidence: `${said}. The command check names them, and how to mend it.` };
}

function limitsOf({ access, limits }: OpenDatabase) {
  return {
    mode: 'read-only',
    statement_timeout_ms: limits.timeoutMs,
    lock_timeout_ms: limits.lockTimeoutMs,
    rows: LIMITS.rowsMax,
    cell_characters: LIMITS.cellCharactersMax,
    result_characters: LIMITS.resultCharactersMax,
    wire_bytes: LIMITS.wireBytesMax,
    schemas: access.schemas.length,
    masked_columns: access.masks.length,
  };
}
