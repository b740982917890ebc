import type { ServerCommand } from './clients.ts';

/**
 * The same command as a user who may read only what its mode says. Root reads whatever it likes, as long
 * as it has these two capabilities.
 */
export function withoutOverride({ command, args }: ServerCommand): ServerCommand {
  if (process.getuid?.() !== 0) return { command, args };
  const dropped = '--bounding-set=-dac_override,-dac_read_search';
  return { command: 'setpriv', args: [dropped, command, ...args] };
}
