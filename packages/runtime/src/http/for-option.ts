import { ConfigurationProblem } from '../config/problem.ts';

/**
 * Makes a part out of an option. What a factory of ours does not take it refuses by a TypeError, with a
 * sentence of its own: the operator is told it with the option that has to be mended, at the start and by
 * `check`.
 */
export function forOption<Made>(field: string, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    if (error instanceof TypeError) throw new ConfigurationProblem(field, error.message);
    throw error;
  }
}
