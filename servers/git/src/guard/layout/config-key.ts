/** A key of a configuration as `git config --list` prints it: section and name in lower case. */
export interface ConfigKey {
  readonly section: string;
  /** A text of the repository's own: the name of a driver, of a remote, or a URL with a password. */
  readonly subsection: string | undefined;
  readonly name: string;
}

/** Takes a key apart: the section ends at the first dot, and the name begins after the last one. */
export function parseConfigKey(key: string): ConfigKey {
  const [first, last] = [key.indexOf('.'), key.lastIndexOf('.')];
  if (first < 0) return { section: '', subsection: undefined, name: key.toLowerCase() };
  return {
    section: key.slice(0, first).toLowerCase(),
    subsection: first === last ? undefined : key.slice(first + 1, last),
    name: key.slice(last + 1).toLowerCase(),
  };
}

const PLAIN_SUBSECTION = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
const PLAIN_NAME = /^[a-z][a-z0-9-]{0,63}$/;

/**
 * Writes a key for a finding. A subsection that is no plain word becomes `*`: it can be a URL with a
 * password in it, and its text is the repository's own.
 */
export function shownKey({ section, subsection, name }: ConfigKey): string {
  const shown = [section, name].map((word) => (PLAIN_NAME.test(word) ? word : '*'));
  if (subsection !== undefined) {
    shown.splice(1, 0, PLAIN_SUBSECTION.test(subsection) ? subsection : '*');
  }
  return shown.join('.');
}
