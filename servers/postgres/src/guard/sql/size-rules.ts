import { LIMITS } from '../../policy.ts';
import { DIGITS_MAX } from './values.ts';

/**
 * How large the result of a function can be, in characters or elements, where it can be larger than
 * its arguments together.
 *
 * The server computes constant calls while it plans, in one go and before any row: `repeat` within
 * `repeat` took hundreds of megabytes for a line of SQL, also in an EXPLAIN that runs nothing. Growth
 * by a factor counts as well, for a factor of two, nested forty times, is as good.
 */

/** What is known about the size of a value. */
export interface Size {
  /** How large it is taken for where it stands beside others. */
  readonly usual: number;
  /** How large it can be where it is multiplied: what a column or a parameter may bring. */
  readonly most: number;
}

/** An argument of a call. */
export interface Argument extends Size {
  /** The text, when it is a constant. */
  readonly text: string | undefined;
  /** The largest number that it can be, when the statement says so. */
  readonly bound: number | undefined;
  /** The product of its elements, when it is an array of constants. */
  readonly product: number | undefined;
}

/** A result's size, or `undefined` where the statement does not bound it. */
type SizeRule = (args: readonly Argument[]) => number | undefined;

/** A value of a type without a length: a number, a date. */
export const SMALL: Size = { usual: 64, most: 64 };
export const COLUMN: Size = { usual: 64, most: 4096 };
export const PARAMETER: Size = { usual: 1024, most: LIMITS.parameterCharactersMax };
/** A `numeric` can have 131 072 digits, and holds four of them in two bytes. */
export const NUMERIC: Size = { usual: 16_384, most: 16_384 };
const AGGREGATE = 1024;

export const sumOf = (sizes: readonly Size[]): number =>
  sizes.reduce((sum, { usual }) => sum + usual, SMALL.usual);

const usualAt = (args: readonly Argument[], index: number): number => args[index]?.usual ?? 0;
const mostAt = (args: readonly Argument[], index: number): number => args[index]?.most ?? 0;
const times =
  (factor: number): SizeRule =>
  (args) =>
    sumOf(args) * factor;

const padded: SizeRule = (args) => args[1]?.bound;

const repeated: SizeRule = (args) => {
  const count = args[1]?.bound;
  return count === undefined ? undefined : mostAt(args, 0) * Math.max(0, count);
};

const filled: SizeRule = (args) => {
  const cells = args[1]?.product;
  return cells === undefined ? undefined : (1 + mostAt(args, 0)) * cells;
};

const replaced: SizeRule = (args) => {
  const shortest = Math.max(1, args[1]?.text?.length ?? 1);
  return mostAt(args, 0) * Math.max(1, mostAt(args, 2) / shortest);
};

/** What `\1` repeats was matched once, and what matches does not overlap. */
const replacedByPattern: SizeRule = (args) => (1 + mostAt(args, 0)) * (1 + mostAt(args, 2));

/** `%10000000s` makes ten million blanks; `%*s` takes the number from the data. */
const formatted: SizeRule = ([form, ...values]) => {
  if (form?.text === undefined || form.text.includes('*')) return undefined;
  const marks = [...form.text.matchAll(/%(?:\d+\$)?-?(\d*)/g)];
  const widths = marks.reduce((sum, [, width]) => sum + Number(width ?? 0), 0);
  const largest = Math.max(0, ...values.map(({ most }) => most));
  return form.usual + widths + marks.length * largest * 2;
};

const joined: SizeRule = (args) => sumOf(args) + usualAt(args, 0) * args.length;
const joinedArray: SizeRule = (args) =>
  usualAt(args, 0) * (1 + separatorAt(args, 1) + separatorAt(args, 2));
/** Nothing that can be a `numeric` of full length stands between others for a short text. */
const separatorAt = (args: readonly Argument[], index: number): number =>
  mostAt(args, index) < DIGITS_MAX ? usualAt(args, index) : mostAt(args, index);
/** `round(1, 16383)` has as many digits. */
const rounded: SizeRule = (args) =>
  sumOf(args) + (args.length < 2 ? 0 : Math.min(Math.abs(args[1]?.bound ?? 0), DIGITS_MAX));
/** Each hit in a headline stands between marks that the last argument may choose. */
const marked: SizeRule = (args) => sumOf(args) * (1 + (args.at(-1)?.text?.length ?? 0));
const substituted: SizeRule = (args) => mostAt(args, 0) * Math.max(1, mostAt(args, 2));

/** Rows are made one by one, so only what the statement itself says too plainly is refused. */
const series: SizeRule = (args) => {
  const [from, to, step = 1] = args.map(({ bound }) => bound);
  if (from === undefined || to === undefined) return SMALL.usual;
  const count = 1 + Math.abs(to - from) / (Math.abs(step) || 1);
  return count > LIMITS.expansionMax ? count : SMALL.usual;
};

const RULES: readonly (readonly [names: string, rule: SizeRule])[] = [
  ['repeat', repeated],
  ['lpad rpad', padded],
  ['array_fill', filled],
  ['format', formatted],
  ['generate_series', series],
  ['replace array_replace', replaced],
  ['regexp_replace', replacedByPattern],
  ['concat_ws', joined],
  ['array_to_string', joinedArray],
  ['round trunc', rounded],
  ['ts_headline', marked],
  ['ts_rewrite', substituted],
  // The quotes and escapes of one level are quoted again by the next.
  [
    `quote_ident quote_literal quote_nullable to_json to_jsonb row_to_json array_to_json
     json_build_array json_build_object json_object jsonb_build_array jsonb_build_object jsonb_object
     array_to_tsvector`,
    times(2),
  ],
  ['encode convert convert_to to_tsquery plainto_tsquery phraseto_tsquery', times(4)],
  ['websearch_to_tsquery to_tsvector to_char', times(6)],
  ['jsonb_pretty', times(20)],
  ['power pow exp factorial', () => NUMERIC.usual],
  [
    `string_agg array_agg json_agg json_agg_strict jsonb_agg jsonb_agg_strict json_object_agg
     json_object_agg_strict json_object_agg_unique json_object_agg_unique_strict jsonb_object_agg
     jsonb_object_agg_strict jsonb_object_agg_unique jsonb_object_agg_unique_strict`,
    (args) => Math.max(AGGREGATE, sumOf(args)),
  ],
];

/** The rules of functions that can make more than they are given. */
export const SIZE_RULES: ReadonlyMap<string, SizeRule> = new Map(
  RULES.flatMap(([names, rule]) => names.split(/\s+/).map((name) => [name, rule] as const)),
);

/** The rules of calls whose last argument is an array that stands for any number of arguments. */
export const VARIADIC_RULES: ReadonlyMap<string, SizeRule> = new Map([
  ...SIZE_RULES,
  [
    'concat_ws',
    ([separator, ...arrays]) =>
      joinedArray([...arrays.slice(-1), ...(separator ? [separator] : [])]),
  ],
]);
