import { CONTROLS, type PromiseId } from './controls.ts';

/**
 * Cites the promises that a test verifies, and makes its title: `verifies('C3.race', 'no read …')`.
 *
 * The ids are checked by the compiler. The documentation finds the citations in the test's source, so
 * they are written as literals.
 */
export function verifies(...citation: readonly [...ids: PromiseId[], title: string]): string {
  const title = citation.at(-1) ?? '';
  const ids = citation.slice(0, -1);
  return `${ids.join(', ')}: ${title}`;
}

/** All promises, with their sentences. */
export function allPromises(): readonly (readonly [id: string, sentence: string])[] {
  return Object.values(CONTROLS).flatMap(({ promises }) => Object.entries<string>(promises));
}
