import { crypto } from '../crypto.ts';

/** SHA-256 over canonical JSON: members sorted, so that an order nobody sees changes nothing. */
export function digest(value: unknown): string {
  return crypto().createHash('sha256').update(canonical(value)).digest('hex');
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
