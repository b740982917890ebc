import { SECRET_CHARACTERS_MAX, secretSpans } from './secrets.ts';

/**
 * Cuts that do not go through a secret.
 *
 * Secrets are known by their form, and most of one has another form than the whole: thirty-nine of the
 * forty characters of a token pass the output policy, and one more is soon guessed. Where a caller or a
 * commit chooses the place of the cut, that is a way around the policy. So a cut gives way.
 */

/** A part of a text, in UTF-16 units. */
export interface TextPart {
  readonly from: number;
  readonly to: number;
}

/**
 * Makes a part of a text smaller, until no secret stands across one of its ends. It can become empty.
 *
 * @param text reaches `SECRET_CHARACTERS_MAX` further than the part on both sides, or to its own end
 */
export function outsideSecrets(text: string, { from, to }: TextPart): TextPart {
  const spans = secretSpans(text);
  if (spans === undefined) return { from, to: from };
  const first = from === 0 ? 0 : endOfAll(spans, from);
  const last = to === text.length ? to : startOfAll(spans, to);
  return { from: first, to: Math.max(first, last) };
}

type Spans = NonNullable<ReturnType<typeof secretSpans>>;

/** The end of what stands across a place, and across that end, and so on: secrets can overlap. */
function endOfAll(spans: Spans, place: number): number {
  const inOrder = spans.toSorted(([a], [b]) => a - b);
  return inOrder.reduce((at, [start, end]) => (start <= at && at < end ? end : at), place);
}

function startOfAll(spans: Spans, place: number): number {
  const inOrder = spans.toSorted(([, a], [, b]) => b - a);
  return inOrder.reduce((at, [start, end]) => (start < at && at <= end ? start : at), place);
}

/**
 * The beginning of a text, or all of it. Never half of a character, and nothing of a secret that would
 * be divided.
 *
 * What was cut is a copy: a slice keeps the whole text in memory for as long as it lives itself.
 */
export function beginningOf(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const near = text.slice(0, charactersMax + SECRET_CHARACTERS_MAX);
  const { to } = outsideSecrets(near, { from: 0, to: charactersMax });
  const end = /[\uD800-\uDBFF]/.test(near.charAt(to - 1)) ? to - 1 : to;
  return Buffer.from(near.slice(0, end), 'utf8').toString('utf8');
}

/** The end of a text, or all of it, in the same way. */
export function endOf(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const near = text.slice(-charactersMax - SECRET_CHARACTERS_MAX);
  const part = outsideSecrets(near, { from: near.length - charactersMax, to: near.length });
  return Buffer.from(near.slice(part.from).replace(/^[\uDC00-\uDFFF]/, ''), 'utf8').toString(
    'utf8',
  );
}
