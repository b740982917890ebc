/** Printable ASCII after the scheme: `URL` itself forgives spaces, tabs and backslashes. */
const HTTP_URL = /^https?:\/\/[\x21-\x5b\x5d-\x7e]{1,2048}$/i;

/**
 * The form in which targets of proofs are compared: without query and fragment, with the
 * syntax-based and scheme-based normalisation of RFC 3986 §6.2 that RFC 9449 §4.3 asks for. Undefined
 * for anything that is no plain HTTP URL.
 */
export function normalisedTarget(text: string): string | undefined {
  const url = HTTP_URL.test(text) ? URL.parse(text) : null;
  // A user name before the host makes `https://us@them/` look like ours.
  if (url === null || url.username !== '' || url.password !== '') return undefined;
  return `${url.protocol}//${url.host}${withDecodedUnreserved(url.pathname)}`;
}

/** `%7E` and `~` are one character (RFC 3986 §6.2.2.2); `URL` leaves both as they are. */
function withDecodedUnreserved(path: string): string {
  return path.replaceAll(/%[0-9a-f]{2}/gi, (triplet) => {
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : triplet.toUpperCase();
  });
}
