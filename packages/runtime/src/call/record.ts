import type { Audit, AuditEvent, Logger } from '@secure-mcp/logging';

/** Trails that could not be written when that was tried last. */
const failing = new WeakSet<Audit>();

/**
 * Writes a record. False where it cannot be written, which is said once until it can: whoever is refused
 * for it can ask again at once, and each time would be a line in the log of a disk that is full.
 */
export function tryRecord(
  { audit, logger }: { readonly audit: Audit; readonly logger: Logger },
  event: AuditEvent,
): boolean {
  try {
    audit.record(event);
    failing.delete(audit);
    return true;
  } catch (error) {
    if (!failing.has(audit)) logger.error('the audit trail cannot be written', { error });
    failing.add(audit);
    return false;
  }
}
