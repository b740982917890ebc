/** `node open-store.ts URL`: opens a store at an address and uses it once, for what it prints. */
import { createAudit, createLogger, stderrSink } from '@secure-mcp/logging';

import { parseStoreAddress } from '../../src/store/address.ts';
import { redisStore } from '../../src/store/redis.ts';

const parsed = parseStoreAddress(process.argv[2] ?? '');
if (!parsed.ok) throw new Error(parsed.problem);
const sink = stderrSink();
const store = await redisStore({
  address: parsed.address,
  namespace: 'open-store',
  audit: createAudit({ server: 'test', sink }),
  logger: createLogger({ level: 'debug', sink, scrub: (text) => text }),
});
await store.consume('calls:a', { calls: 1, seconds: 1 });
console.log(`healthy: ${String(store.healthy)}, DEBUG: ${String(process.env['DEBUG'])}`);
await store.close();
process.exit(0);
