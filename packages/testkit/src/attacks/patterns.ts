/** Patterns that stop a backtracking engine, with the text that does it. */
export interface PatternBomb {
  readonly name: string;
  readonly pattern: string;
  readonly text: string;
}

export const EXPRESSION_BOMBS: readonly PatternBomb[] = [
  { name: 'a nested quantifier', pattern: '(a+)+$', text: `${'a'.repeat(50_000)}b` },
  {
    name: 'an ordinary-looking one',
    pattern: '(?:[a-z]+_?)+\\(\\)\\s*;',
    text: 'a_b_c_d_e_f_g_h_'.repeat(2000),
  },
  { name: 'many optional wildcards', pattern: '(.*a){20}', text: 'b'.repeat(50_000) },
  { name: 'alternatives that overlap', pattern: '(a|aa)+$', text: `${'a'.repeat(20_000)}b` },
  { name: 'a state explosion', pattern: '[ab]*a[ab]{20}[^ab]', text: 'ab'.repeat(50_000) },
];

/** Globs that stop the common matchers, with the name that does it. */
export const GLOB_BOMBS: readonly PatternBomb[] = [
  { name: 'many stars', pattern: `${'*a'.repeat(60)}b`, text: 'a'.repeat(200) },
  { name: 'many classes', pattern: '[a-z]*'.repeat(50), text: 'a'.repeat(200) },
  { name: 'many double stars', pattern: `${'a/**/'.repeat(20)}b`, text: 'a/'.repeat(60) },
  { name: 'braces that multiply', pattern: '{a,b}'.repeat(18), text: 'ab'.repeat(9) },
  { name: 'extended groups', pattern: '+(a|aa)z', text: 'a'.repeat(200) },
];

/** An ignore file is data that came with the tree. */
export const IGNORE_BOMBS: readonly string[] = [
  `${'a/**/'.repeat(20)}b\n`,
  `${'*a'.repeat(60)}b\n`,
  `${'?'.repeat(200)}*${'?'.repeat(200)}\n`,
  Array.from({ length: 5000 }, (_, index) => `**/${String(index)}*a*b*c/**`).join('\n'),
  '['.repeat(10_000),
];
