/** Options, with the keys of those that somebody gave. */
export interface Given {
  readonly options: Readonly<Record<string, unknown>>;
  readonly given: ReadonlySet<string>;
}

/**
 * True for an option that somebody gave in order to change something. A switch that is off and an
 * empty list are what they are without being given.
 */
export function isGiven(key: string, { options, given }: Given): boolean {
  const value = options[key];
  const isIdle = value === false || (Array.isArray(value) && value.length === 0);
  return given.has(key) && value !== undefined && !isIdle;
}
