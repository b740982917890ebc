import { defineTool, type Found, READS } from '@secure-mcp/runtime';
import * as z from 'zod';

import type { Finding } from '../adapter/index.ts';
import { SEVERITIES } from '../policy.ts';
import type { Context } from './context.ts';
import { counted, joinSentences, listOf, repositoryAsked } from './words.ts';

const FINDING = z.strictObject({
  id: z.string(),
  severity: z.enum(SEVERITIES),
  where: z.string(),
  effect: z.string(),
  refuses: z.boolean().optional(),
});
type FindingFacts = z.output<typeof FINDING>;

export const gitAudit = defineTool({
  name: 'git_audit',
  title: 'Audit',
  description:
    'What plain git would run, read outside or hide here. Works on refused repositories.',
  scope: 'repositories:read',
  annotations: READS,
  labels: ['where'],
  input: z.strictObject({ repo: repositoryAsked }),
  output: z.strictObject({
    findings: listOf(FINDING),
    refused: z.boolean(),
    truncated: z.boolean(),
  }),

  async run({ repo }, { audit }: Context) {
    const { findings, refused, truncated } = await audit(repo);
    const sorted = findings.toSorted((one, other) => rankOf(one) - rankOf(other));
    return { output: { findings: sorted.map(findingFacts), refused, truncated } };
  },

  render({ findings: listed, refused, truncated }) {
    const findings = z.array(FINDING).parse(listed);
    const counts = SEVERITIES.map((severity) => ({
      severity,
      count: findings.filter((finding) => finding.severity === severity).length,
    })).filter(({ count }) => count > 0);
    return {
      summary: joinSentences(
        findings.length === 0
          ? 'Nothing found: plain git would run and read nothing of the repository’s choosing.'
          : `${counted(findings.length, 'finding')}: ${counts.map(({ severity, count }) => `${severity} ${String(count)}`).join(', ')}.`,
        findings.length === 0 ? '' : 'None of it is in force in this server.',
        refused ? 'This server refuses to open the repository.' : '',
        truncated ? 'There are more.' : '',
      ),
      data: findings.map(findingFound),
    };
  },
});

function rankOf({ severity }: Finding): number {
  return SEVERITIES.indexOf(severity);
}

function findingFacts({ id, severity, where, effect, refuses }: Finding): FindingFacts {
  return { id, severity, where, effect, ...(refuses && { refuses }) };
}

/** What is found is said in our words; where it stands is the repository's own, and comes between marks. */
function findingFound({ id, severity, where, effect, refuses = false }: FindingFacts): Found {
  return { head: `${severity}: ${id}. ${effect}${refuses ? ' (refused)' : ''}`, text: where };
}
