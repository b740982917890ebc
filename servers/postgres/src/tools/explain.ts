import { defineTool, READS } from '@secure-mcp/runtime';
import { toVisibleName } from '@secure-mcp/validation';
import * as z from 'zod';

import { bindPlanned, planned } from '../adapter/questions/index.ts';
import { type ReadStatement, refuse, sqlText } from '../guard/index.ts';
import type { Context, OpenDatabase } from './context.ts';
import { numberOf, type PlanRights, planText, readPlan, type Step, stepsOf } from './plan.ts';
import {
  databaseAsked,
  type Facts,
  factList,
  facts,
  joinSentences,
  lineOf,
  present,
  sections,
} from './words.ts';
import { parameters } from './parameters.ts';

/** Steps that are named. The rest cost less. */
const STEPS_MAX = 5;
/** Characters of a plan that is given as it is. */
const PLAN_CHARACTERS_MAX = 65_536;

const OUTPUT = z.strictObject({
  /** Measures of the whole. `withheld`: a view, a policy or a mask takes part; what it adds is left out. */
  measures: facts,
  /** The costliest. */
  steps: factList,
  plan: z.string().optional(),
});

export const explain = defineTool({
  name: 'explain',
  title: 'Explain',
  description: 'Says how a SELECT would be run. analyze runs it; json adds the plan.',
  scope: 'sql:read',
  annotations: READS,
  labels: ['relation', 'index', 'sequential_scans'],
  input: z.strictObject({
    sql: sqlText,
    params: parameters,
    analyze: z.boolean().default(false),
    format: z.enum(['summary', 'json']).default('summary'),
    database: databaseAsked,
  }),
  output: OUTPUT,

  async run({ sql, params = [], analyze, format, database: name }, context: Context) {
    const database = await context.database(name);
    const statement = await database.statement(sql, params.length);
    const explained = await database.explain(statement, {
      parameters: params,
      analyze,
    });
    const rights = await rightsIn(database, statement);
    const plan = readPlan(explained, rights);
    // A plan that nobody can read is not shown in part.
    if (plan === undefined) return refuse('database.error', { detail: 'the plan cannot be read' });
    const steps = stepsOf(plan.root);
    const text = format === 'json' ? planText(plan.root) : undefined;
    return {
      output: {
        measures: present({
          total_cost: numberOf(plan.root.fields, 'Total Cost'),
          estimated_rows: numberOf(plan.root.fields, 'Plan Rows'),
          planning_ms: plan.planningMs,
          execution_ms: plan.executionMs,
          worst_estimate_ratio: worstRatio(steps),
          spilled_to_disk: steps.some(({ spilled }) => spilled),
          sequential_scans: sequentialScans(steps),
          withheld: !rights.plain,
          plan_cut: text !== undefined && text.length > PLAN_CHARACTERS_MAX,
        }),
        steps: costliest(steps).map(shownStep),
        plan: text?.slice(0, PLAN_CHARACTERS_MAX),
      },
    };
  },

  render({ measures, steps, plan }) {
    return {
      summary: joinSentences(
        `Cost ${JSON.stringify(measures['total_cost'])}.`,
        measures['withheld'] === true
          ? 'A view, a policy or a mask takes part; what it adds is left out.'
          : '',
      ),
      data: [lineOf(measures), sections({ 'costliest steps': steps }), plan ?? '']
        .filter((part) => part !== '')
        .join('\n'),
    };
  },
});

/**
 * A function that an operator vouches for can be written in SQL, and then it is part of the plan like
 * what a view brings.
 */
async function rightsIn(database: OpenDatabase, statement: ReadStatement): Promise<PlanRights> {
  const { access, visibility } = database;
  const [found] = await database.ask(planned, bindPlanned(statement.relations));
  return {
    plain: found?.plain === true && !statement.isMasked && access.functions.length === 0,
    relations: new Set(visibility.relations.map(({ name }) => name)),
    indexes: new Set(found?.indexes),
  };
}

function costliest(steps: readonly Step[]): readonly Step[] {
  return steps
    .toSorted((a, b) => (b.selfMs ?? 0) - (a.selfMs ?? 0) || b.selfCost - a.selfCost)
    .slice(0, STEPS_MAX);
}

function shownStep(step: Step): Facts {
  const { node, relation, index, selfCost, selfMs, estimatedRows, actualRows } = step;
  return present({
    node,
    relation: relation && toVisibleName(relation),
    index: index && toVisibleName(index),
    self_cost: rounded(selfCost),
    self_ms: selfMs === undefined ? undefined : rounded(selfMs),
    estimated_rows: estimatedRows,
    actual_rows: actualRows,
  });
}

function sequentialScans(steps: readonly Step[]): string[] {
  const scanned = steps.filter(({ node }) => node === 'Seq Scan');
  return [...new Set(scanned.map(({ relation }) => toVisibleName(relation ?? '')))];
}

function worstRatio(steps: readonly Step[]): number | undefined {
  const ratios = steps.flatMap(({ ratio }) => (ratio === undefined ? [] : [ratio]));
  return ratios.length === 0 ? undefined : Math.max(...ratios);
}

function rounded(number: number): number {
  return Math.round(number * 100) / 100;
}
