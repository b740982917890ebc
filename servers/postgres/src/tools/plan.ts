import * as z from 'zod';

/**
 * Reads a plan, as `EXPLAIN (FORMAT JSON)` gives it, and keeps what its reader may see.
 *
 * A plan says more than the statement that it is for: a view brings the relations and conditions that
 * it hides, row-level security the conditions of its policies, a hidden partition its name. So fields
 * are kept by name, names when they are visible, and what tells of values or counts of rows only where
 * the plan is plain: where nothing is in it but what its reader wrote.
 */

/** What of a plan may be shown. */
export interface PlanRights {
  readonly plain: boolean;
  /** Names of visible relations. */
  readonly relations: ReadonlySet<string>;
  readonly indexes: ReadonlySet<string>;
}

export interface PlanNode {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly children: readonly PlanNode[];
}

export interface Plan {
  readonly root: PlanNode;
  readonly planningMs: number | undefined;
  readonly executionMs: number | undefined;
}

const EXPLAINED = z
  .array(
    z.looseObject({
      Plan: z.looseObject({}),
      'Planning Time': z.number().optional(),
      'Execution Time': z.number().optional(),
    }),
  )
  .length(1);

/** `undefined` for what is no plan. */
export function readPlan(explained: unknown, rights: PlanRights): Plan | undefined {
  const { data } = EXPLAINED.safeParse(explained);
  const [whole] = data ?? [];
  if (whole === undefined) return undefined;
  return {
    root: readNode(whole.Plan, rights),
    planningMs: whole['Planning Time'],
    executionMs: whole['Execution Time'],
  };
}

const NODE = z.looseObject({ Plans: z.array(z.looseObject({})).default([]) });

function readNode(node: Readonly<Record<string, unknown>>, rights: PlanRights): PlanNode {
  const { Plans: plans, ...fields } = NODE.parse(node);
  return {
    fields: shownFields(fields, rights),
    children: plans.map((plan) => readNode(plan, rights)),
  };
}

/** What is said of any statement: what is done, and what it costs. */
const ALWAYS = fieldNames(`
  Node Type, Strategy, Partial Mode, Parent Relationship, Parallel Aware, Join Type, Inner Unique, Command,
  Scan Direction, Startup Cost, Total Cost, Disabled, Workers Planned, Workers Launched,
  Actual Startup Time, Actual Total Time, Actual Loops, Sort Method, Sort Space Used, Sort Space Type,
  Hash Batches, HashAgg Batches, Peak Memory Usage, Disk Usage, Temp Read Blocks, Temp Written Blocks`);

/** What holds conditions, names of the statement, or counts of rows. */
const PLAIN = fieldNames(`
  Alias, Filter, Index Cond, Recheck Cond, Hash Cond, Merge Cond, Join Filter, TID Cond, One-Time Filter,
  Sort Key, Presorted Key, Group Key, Cache Key, Cache Mode, Order By, Run Condition, Window,
  Subplan Name, CTE Name, Function Name, Plan Rows, Plan Width, Actual Rows, Rows Removed by Filter,
  Rows Removed by Join Filter, Rows Removed by Index Recheck, Subplans Removed, Index Searches,
  Heap Fetches, Exact Heap Blocks, Lossy Heap Blocks, Shared Hit Blocks, Shared Read Blocks`);

function fieldNames(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/,\s+/));
}

/** Stands for the name of a relation that does not exist for the caller. */
const HIDDEN = '(hidden)';

function shownFields(
  fields: Readonly<Record<string, unknown>>,
  { plain, relations, indexes }: PlanRights,
): Readonly<Record<string, unknown>> {
  const relation = fields['Relation Name'];
  const isHidden = typeof relation === 'string' && !relations.has(relation);
  const kept = Object.entries(fields).filter(
    ([name]) => ALWAYS.has(name) || (plain && !isHidden && PLAIN.has(name)),
  );
  const index = fields['Index Name'];
  const isIndexShown = plain && typeof index === 'string' && indexes.has(index);
  return {
    ...Object.fromEntries(kept),
    ...(relation !== undefined && { 'Relation Name': isHidden ? HIDDEN : relation }),
    ...(isIndexShown && { 'Index Name': index }),
  };
}

/** One step of a plan, with what it takes by itself. */
export interface Step {
  readonly node: string;
  readonly relation: string | undefined;
  readonly index: string | undefined;
  readonly selfCost: number;
  readonly selfMs: number | undefined;
  readonly estimatedRows: number | undefined;
  readonly actualRows: number | undefined;
  /** How far the estimate is from what was found, in either direction. */
  readonly ratio: number | undefined;
  readonly spilled: boolean;
}

/** Every step, the first one first. */
export function stepsOf(node: PlanNode): readonly Step[] {
  return [stepOf(node), ...node.children.flatMap(stepsOf)];
}

function stepOf({ fields, children }: PlanNode): Step {
  const estimatedRows = numberOf(fields, 'Plan Rows');
  const loops = numberOf(fields, 'Actual Loops') ?? 1;
  const actualRows = numberOf(fields, 'Actual Rows');
  const ms = totalMs(fields);
  const below = children.map((child) => totalMs(child.fields) ?? 0);
  const cost = children.map((child) => numberOf(child.fields, 'Total Cost') ?? 0);
  return {
    node: textOf(fields, 'Node Type') ?? 'step',
    relation: textOf(fields, 'Relation Name'),
    index: textOf(fields, 'Index Name'),
    selfCost: Math.max(0, (numberOf(fields, 'Total Cost') ?? 0) - sum(cost)),
    selfMs: ms === undefined ? undefined : Math.max(0, ms - sum(below)),
    estimatedRows,
    actualRows: actualRows === undefined ? undefined : actualRows * loops,
    ratio: loops === 0 ? undefined : ratioOf(estimatedRows, actualRows),
    spilled: isSpilled(fields),
  };
}

function totalMs(fields: PlanNode['fields']): number | undefined {
  const each = numberOf(fields, 'Actual Total Time');
  return each === undefined ? undefined : each * (numberOf(fields, 'Actual Loops') ?? 1);
}

function ratioOf(estimated: number | undefined, actual: number | undefined): number | undefined {
  if (estimated === undefined || actual === undefined) return undefined;
  const [low, high] = [Math.max(1, Math.min(estimated, actual)), Math.max(1, estimated, actual)];
  return Math.round((high / low) * 10) / 10;
}

/** True for a step that did not fit into memory. */
function isSpilled(fields: PlanNode['fields']): boolean {
  return (
    textOf(fields, 'Sort Space Type') === 'Disk' ||
    (numberOf(fields, 'Hash Batches') ?? 1) > 1 ||
    (numberOf(fields, 'Disk Usage') ?? 0) > 0
  );
}

export function numberOf(fields: PlanNode['fields'], name: string): number | undefined {
  const value = fields[name];
  return typeof value === 'number' ? value : undefined;
}

function textOf(fields: PlanNode['fields'], name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The plan as text: each step indented beneath the one that it serves. */
export function planText({ fields, children }: PlanNode, depth = 0): string {
  const line = `${'  '.repeat(depth)}${JSON.stringify(fields)}`;
  return [line, ...children.map((child) => planText(child, depth + 1))].join('\n');
}
