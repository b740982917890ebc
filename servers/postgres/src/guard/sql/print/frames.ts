import type { Body } from '../grammar/index.ts';
import type { Print } from './print.ts';
import { words } from './words.ts';

/** Bits of `frameOptions`, as PostgreSQL's parsenodes.h has them. */
const FRAME = {
  NONDEFAULT: 0x1,
  RANGE: 0x2,
  ROWS: 0x4,
  GROUPS: 0x8,
  BETWEEN: 0x10,
  START_UNBOUNDED_PRECEDING: 0x20,
  END_UNBOUNDED_FOLLOWING: 0x100,
  START_CURRENT_ROW: 0x200,
  END_CURRENT_ROW: 0x400,
  START_OFFSET_PRECEDING: 0x800,
  END_OFFSET_PRECEDING: 0x1000,
  START_OFFSET_FOLLOWING: 0x2000,
  END_OFFSET_FOLLOWING: 0x4000,
  EXCLUDE_CURRENT_ROW: 0x8000,
  EXCLUDE_GROUP: 0x10000,
  EXCLUDE_TIES: 0x20000,
} as const;

type Choice = readonly (readonly [bit: number, text: string])[];

/** The frame of a window; nothing where it is the one that a window has anyway. */
export function frameOf(
  { frameOptions = 0, startOffset, endOffset }: Body<'WindowDef'>,
  print: Print,
): string | undefined {
  const chosen = (choice: Choice): string | undefined =>
    choice.find(([bit]) => (frameOptions & bit) !== 0)?.[1];
  if ((frameOptions & FRAME.NONDEFAULT) === 0) return undefined;
  const start = startOffset === undefined ? '' : print.operand(startOffset);
  const end = endOffset === undefined ? '' : print.operand(endOffset);
  const isPair = (frameOptions & FRAME.BETWEEN) !== 0;
  return words(
    chosen([
      [FRAME.RANGE, 'RANGE'],
      [FRAME.ROWS, 'ROWS'],
      [FRAME.GROUPS, 'GROUPS'],
    ]),
    isPair && 'BETWEEN',
    chosen([
      [FRAME.START_UNBOUNDED_PRECEDING, 'UNBOUNDED PRECEDING'],
      [FRAME.START_CURRENT_ROW, 'CURRENT ROW'],
      [FRAME.START_OFFSET_PRECEDING, `${start} PRECEDING`],
      [FRAME.START_OFFSET_FOLLOWING, `${start} FOLLOWING`],
    ]),
    isPair && 'AND',
    isPair &&
      chosen([
        [FRAME.END_UNBOUNDED_FOLLOWING, 'UNBOUNDED FOLLOWING'],
        [FRAME.END_CURRENT_ROW, 'CURRENT ROW'],
        [FRAME.END_OFFSET_PRECEDING, `${end} PRECEDING`],
        [FRAME.END_OFFSET_FOLLOWING, `${end} FOLLOWING`],
      ]),
    chosen([
      [FRAME.EXCLUDE_CURRENT_ROW, 'EXCLUDE CURRENT ROW'],
      [FRAME.EXCLUDE_GROUP, 'EXCLUDE GROUP'],
      [FRAME.EXCLUDE_TIES, 'EXCLUDE TIES'],
    ]),
  );
}
