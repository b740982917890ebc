/**
 * What a line of a private key can look like where only that line is seen: base64, which no rule can
 * tell from other base64.
 *
 * A key also stands in YAML, in a comment or in the strings of a program, so a line can begin with
 * blanks and signs, and end with those of a string. Every repeat has a bound, and none reads the
 * letters of another one again.
 */
const BEFORE = String.raw`^\s{0,200}[\s>#*/+"'|-]{0,16}`;
const AFTER = String.raw`[\s"',\\nr]{0,8}$`;

const ANY = new RegExp(`${BEFORE}[A-Za-z0-9+/=]{8,}${AFTER}`);
/** PEM has lines of 64 characters, OpenSSH of 70, OpenPGP of 76 at most. */
const FULL = new RegExp(`${BEFORE}([A-Za-z0-9+/]{60,76})={0,2}${AFTER}`);
const LAST = new RegExp(`${BEFORE}[A-Za-z0-9+/]{4,76}={0,2}${AFTER}`);

/** True for what can belong to a key, when its file says so, too. */
export function mayBeKey(line: string): boolean {
  return ANY.test(line);
}

/** True for a line as long as those of keys. A digest of 64 hexadecimal digits is none, nor a long name. */
export function isKeyLine(line: string): boolean {
  const [, letters = ''] = FULL.exec(line) ?? [];
  return /[g-z]/.test(letters) && /[A-Z]/.test(letters) && /[0-9+/]/.test(letters);
}

/** True for what can be the last line of a key, which is shorter than the others. */
export function mayEndKey(line: string): boolean {
  return LAST.test(line);
}
