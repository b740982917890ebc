import type * as z from 'zod';

/** Says what is wrong at which place of an operator's file, without a word of the file's own. */
export function describeFirst({ issues }: z.ZodError): string {
  // A field that nobody knows is the likelier mistake than the one that is missing for it.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) return 'invalid';
  const place = issue.path.map(shownStep).join('.');
  return place === '' ? wordsOf(issue) : `${place}: ${wordsOf(issue)}`;
}

/** A name that does not look like one of our fields could be anything, a secret among them. */
function shownStep(step: PropertyKey): string {
  if (typeof step === 'number') return String(step);
  return typeof step === 'string' && /^[a-z][A-Za-z0-9]{0,23}$/.test(step) ? step : '…';
}

function wordsOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `unknown field ${issue.keys.slice(0, 1).map(shownStep).join('')}`;
    case 'invalid_type':
      // Zod keeps no other trace of what was not there.
      return issue.message.endsWith('received undefined')
        ? 'is missing'
        : `expected ${issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}`;
    case 'too_small':
      return `at least ${String(issue.minimum)}`;
    case 'custom':
    case 'invalid_format':
    case 'invalid_union':
      return issue.message;
    case 'invalid_key':
    case 'invalid_element':
    case 'not_multiple_of':
      return 'invalid value';
  }
}
