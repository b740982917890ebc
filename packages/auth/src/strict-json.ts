/**
 * Reads JSON in which each object names each member once. Undefined for anything else, which JSON
 * cannot say itself.
 *
 * `JSON.parse` keeps the last of two members with the same name, another parser the first: an issuer
 * and we could read two different tokens out of one signature (RFC 7519 §4, RFC 8725 §2.4).
 */
export function parseStrictly(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return membersWritten(text) === membersKept(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Text of UTF-8 bytes, which a byte order mark or a broken sequence is not. */
export function strictText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** True for a parsed JSON object. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** In JSON, a colon outside of a string stands after the name of a member, and nowhere else. */
function membersWritten(json: string): number {
  return json.replaceAll(STRINGS, '').split(':').length - 1;
}

const STRINGS = /"[^"\\]*(?:\\.[^"\\]*)*"/g;

/** A loop and not a recursion: the depth is the sender's choice. */
function membersKept(value: unknown): number {
  let members = 0;
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inside: unknown[] = Object.values(next);
    if (!Array.isArray(next)) members += inside.length;
    for (const item of inside) open.push(item);
  }
  return members;
}
