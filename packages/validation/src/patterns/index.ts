/** One linear-time engine for every pattern that somebody else wrote: searches, globs, ignore files. */
export { compileGlobs, type GlobOptions, type GlobSet } from './glob.ts';
export { type Compiled, compileLinear, type LinearPattern, type PatternOptions } from './linear.ts';
