import type { Prepared } from '../cli/prepare.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import type { ServerDefinition, ServerOptions } from '../server-definition.ts';
import { assertHttpOptions } from './settings.ts';

/** Serves callers over HTTP until a signal stops it. Resolves to false when something did not let go in time. */
export async function serveOverHttp<Options extends ServerOptions, Context>(
  _definition: ServerDefinition<Options, Context>,
  { common }: Prepared<Options>,
): Promise<boolean> {
  assertHttpOptions(common);
  throw new ConfigurationProblem('--http', 'is being built');
}

/** Reads everything that serving would read, and gives what an operator should know. */
export async function checkHttp<Options extends ServerOptions>({
  common,
}: Prepared<Options>): Promise<readonly string[]> {
  assertHttpOptions(common);
  return [];
}
