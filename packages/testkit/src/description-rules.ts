/** What a model is told by a server, as one text with its place. */
export interface Told {
  readonly where: string;
  readonly text: string;
}

interface Rule {
  readonly name: string;
  readonly breaks: (text: string) => boolean;
}

/** Longer than any description here needs to be; every client pays for each character. */
const CHARACTERS_MAX = 400;

/**
 * What a description may not hold. A poisoned description hides instructions, names other tools, or
 * sends data somewhere; a careless one leaks the host.
 */
const RULES: readonly Rule[] = [
  // Descriptions are plain ASCII: then nothing can hide in them, and no one needs to trust our own escaping.
  { name: 'a character that is not plain ASCII', breaks: (text) => /[^\x20-\x7e]/.test(text) },
  { name: 'too long', breaks: (text) => text.length > CHARACTERS_MAX },
  {
    name: 'an address',
    breaks: (text) =>
      /\b(?:https?|ftp|wss?|data|mailto):|\bwww\.|\b\d{1,3}(?:\.\d{1,3}){3}\b/i.test(text),
  },
  {
    name: 'a path of a host',
    breaks: (text) => /(?:^|\s)(?:\/(?:etc|home|root|tmp|usr|var|Users)\b|~\/|[A-Z]:\\)/.test(text),
  },
  { name: 'what looks like a secret', breaks: (text) => /[A-Za-z0-9+/_-]{32,}/.test(text) },
  { name: 'markup', breaks: (text) => /<[a-z!/]|\]\(|```/i.test(text) },
  {
    name: 'an instruction beyond the tool',
    breaks: (text) =>
      /\b(?:ignore|disregard|forget|override)\b|\b(?:do not|don't|never) (?:tell|mention|reveal|show)|\b(?:system|developer) prompt\b|\bbefore (?:using|calling) (?:this|any)|\b(?:you|always) must\b|\bimportant\b|\bsecretly\b/i.test(
        text,
      ),
  },
];

/** Finds what breaks a rule. */
export function brokenRules(told: readonly Told[]): readonly string[] {
  return told.flatMap(({ where, text }) =>
    RULES.filter(({ breaks }) => breaks(text)).map(({ name }) => `${where}: ${name}`),
  );
}

/** Collects every text of a value: descriptions, titles, names, defaults and choices in its schemas. */
export function textsOf(value: unknown, where: string): readonly Told[] {
  if (typeof value === 'string') return [{ where, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [
    { where: `${where}.${key}`, text: key },
    ...textsOf(member, `${where}.${key}`),
  ]);
}
