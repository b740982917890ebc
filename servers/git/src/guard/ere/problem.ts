/** Why a pattern cannot be used, in words for whoever wrote it. */
export const PROBLEMS = {
  empty: 'A pattern, a group or an alternative is empty.',
  line: 'A pattern is one line; a line feed cannot match.',
  open: 'A bracket, a brace or a parenthesis is not closed, or not opened.',
  depth: 'Groups are nested too deeply.',
  escape:
    'This escape has no meaning in POSIX ERE; \\w \\s \\d \\b and escaped punctuation have one.',
  'back reference': 'Back references cannot be used: they take time without end.',
  bracket: 'The bracket expression holds what POSIX ERE or this server does not know.',
  'bracket escape': 'Within brackets a backslash is no escape; write [[:alnum:]_] or [0-9].',
  quantifier: 'A quantifier stands behind one character or one group, and only one of them.',
  count: 'A count is {m}, {m,} or {m,n}, from 1 to at most 100.',
  group: 'Look-around, named groups and flags are not POSIX ERE.',
  nothing: 'What can match nothing cannot be repeated: write (a|b)* for (a*|b)*.',
  'too costly': 'The pattern has too many repetitions and alternatives for one search.',
} as const;

export type EreProblem = keyof typeof PROBLEMS;

/** Thrown and caught within this folder. */
export class EreFault extends Error {
  readonly problem: EreProblem;

  constructor(problem: EreProblem) {
    super(problem);
    this.problem = problem;
  }
}

export function fail(problem: EreProblem): never {
  throw new EreFault(problem);
}
