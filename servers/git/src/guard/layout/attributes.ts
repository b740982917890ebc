/** What the attributes of a repository would set off in plain git. */
interface AttributeFacts {
  /** Names of drivers, which the configuration gives programs. */
  readonly filters: ReadonlySet<string>;
  readonly diffs: ReadonlySet<string>;
  readonly merges: ReadonlySet<string>;
  /** A file is kept in another encoding than the one in which git has it. */
  readonly reencodes: boolean;
}

/** Longer lines are ignored by git as well. */
const LINE_CHARACTERS_MAX = 2048;
/** More drivers than any repository has; a hostile file names a million. */
const DRIVERS_MAX = 256;

/** Drivers that git brings along: they run nothing. */
const BUILT_IN = new Set(['text', 'union', 'binary']);

/** Reads a `.gitattributes` or an `info/attributes`, of any text, in one pass. */
export function parseAttributes(text: string): AttributeFacts {
  const [filters, diffs, merges] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let reencodes = false;
  const note = (set: Set<string>, name: string): void => {
    if (set.size < DRIVERS_MAX) set.add(name);
  };
  for (const line of text.split('\n')) {
    for (const { name, value } of attributesOf(line)) {
      if (name === 'filter') note(filters, value);
      else if (name === 'diff') note(diffs, value);
      else if (name === 'merge' && !BUILT_IN.has(value)) note(merges, value);
      else if (name === 'working-tree-encoding') reencodes = true;
    }
  }
  return { filters, diffs, merges, reencodes };
}

interface Attribute {
  readonly name: string;
  readonly value: string;
}

const NOTHING: readonly Attribute[] = [];

/** Attributes with a value. `-filter` and `!filter` take one away, and a bare `filter` names no driver. */
function attributesOf(line: string): readonly Attribute[] {
  const trimmed = line.trim();
  if (trimmed === '' || trimmed.startsWith('#') || line.length > LINE_CHARACTERS_MAX) {
    return NOTHING;
  }
  return withoutPattern(trimmed)
    .split(/[ \t\r]+/)
    .flatMap((word) => {
      const equals = word.indexOf('=');
      const value = word.slice(equals + 1);
      return equals <= 0 || value === '' ? [] : [{ name: word.slice(0, equals), value }];
    });
}

/** A pattern ends at the first space, or at its closing quote; a macro's name stands where a pattern would. */
function withoutPattern(line: string): string {
  const [pattern = ''] = /^(?:"(?:[^"\\]|\\.)*"|[^ \t\r]+)/.exec(line) ?? [];
  return line.slice(pattern.length);
}
