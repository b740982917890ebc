import type { Audit, Logger } from '@secure-mcp/logging';

import type { Application } from '../application.ts';
import { ConfigurationProblem } from '../config/problem.ts';
import { unlocked, withConfigured } from '../mcp/lock.ts';
import type { ServerDefinition, ServerOptions, Services } from '../server-definition.ts';

/**
 * Refuses to listen with tools that differ from the reviewed ones. Over stdio a client is answered, by a
 * refusal; on a network a port that is open says that there is something to be had.
 */
export function assertAsReviewed<Options extends ServerOptions, Context>(
  { tools, resources, prompts, lock }: ServerDefinition<Options, Context>,
  { tools: configured = [] }: Services<Context>,
  { audit, logger }: { readonly audit: Audit; readonly logger: Logger },
): void {
  const served = { tools: [...tools, ...configured], resources, prompts };
  const differs = unlocked(withConfigured(lock, configured), served);
  if (differs === undefined) return;
  try {
    audit.record({ type: 'tools_lock.mismatch', outcome: 'deny', reason: differs });
  } catch (error) {
    logger.error('the audit trail cannot be written', { error });
  }
  throw new ConfigurationProblem('tools.lock.json', `the tools differ from it (${differs})`);
}

/** Records that it serves from now on. A trail that cannot be written now would refuse every call. */
export function recordStart(app: Pick<Application<never>, 'assertReviewed'>): void {
  try {
    app.assertReviewed();
  } catch {
    throw new ConfigurationProblem('--audit-log', 'the audit trail cannot be written');
  }
}
