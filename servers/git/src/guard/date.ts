import { parsedText } from './parsed.ts';

/**
 * A day or a moment, as seconds since 1970. git's own reading of dates is not used: it makes something
 * of any text ("tea time", "last friday"), and what it makes depends on the clock.
 */

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;
const MOMENT =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

const SENTENCE = 'A day (2026-11-20) or a moment (2026-11-20T09:30:00Z), as RFC 3339 has it.';
const CHARACTERS_MAX = 40;
const DAY_SECONDS = 86_400;

/** The first second that counts: of a day, its first in UTC. */
export const since = parsedText(CHARACTERS_MAX, (text) => secondsOf(text, 0), SENTENCE);

/** The last second that counts: of a day, its last in UTC. */
export const until = parsedText(
  CHARACTERS_MAX,
  (text) => secondsOf(text, DAY_SECONDS - 1),
  SENTENCE,
);

function secondsOf(text: string, withinDay: number): number | undefined {
  const day = startOfDay(text);
  if (day !== undefined) return day + withinDay;
  const [, date = '', hour, minute, second, sign, zoneHour, zoneMinute] = MOMENT.exec(text) ?? [];
  const start = startOfDay(date);
  const clock = clockOf(hour, minute, second);
  const zone = sign === undefined ? 0 : clockOf(zoneHour, zoneMinute, '00');
  if (start === undefined || clock === undefined || zone === undefined) return undefined;
  return start + clock - (sign === '-' ? -zone : zone);
}

function startOfDay(text: string): number | undefined {
  if (!DAY.test(text)) return undefined;
  const milliseconds = Date.parse(`${text}T00:00:00Z`);
  // V8 takes the 31st of February for the 3rd of March.
  const isDay =
    Number.isFinite(milliseconds) && new Date(milliseconds).toISOString().slice(0, 10) === text;
  return isDay ? milliseconds / 1000 : undefined;
}

/** Seconds since midnight. The 60th second, which RFC 3339 allows for leaps, is the next one's first. */
function clockOf(hour = '', minute = '', second = ''): number | undefined {
  const [hours, minutes, seconds] = [Number(hour), Number(minute), Number(second)];
  if (hour === '' || hours > 23 || minutes > 59 || seconds > 60) return undefined;
  return hours * 3600 + minutes * 60 + seconds;
}
