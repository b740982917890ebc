import { ConfigurationProblem } from '../config/problem.ts';

/** Replaced by the command itself. */
export async function runKeys(_args: readonly string[]): Promise<string> {
  throw new ConfigurationProblem('keys', 'is being built');
}
