/**
 * What every answer carries. Nothing here is a page: whatever a browser would do with an answer beside
 * handing it to the script that asked is switched off.
 */
export function securityHeaders(secure: boolean): Readonly<Record<string, string>> {
  return {
    // An answer belongs to one caller. A cache on the way would hand it to the next one.
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    // RFC 6797 §7.2: over plain HTTP the header means nothing, and must not be sent.
    ...(secure && { 'strict-transport-security': 'max-age=31536000' }),
  };
}
