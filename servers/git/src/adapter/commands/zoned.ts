/**
 * A moment in the offset that git noted with it, as RFC 3339. Undefined for what no calendar holds:
 * repositories can say anything.
 *
 * @param seconds since 1970
 * @param zone such as `+0130`
 */
export function zoned(seconds: number, zone: string): string | undefined {
  const [, sign, hours, minutes] = /^([+-])(\d{2})([0-5]\d)$/.exec(zone) ?? [];
  if (sign === undefined || Number(hours) > 23) return undefined;
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60 : 60);
  const date = new Date((seconds + offset) * 1000);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) return undefined;
  return `${date.toISOString().slice(0, 19)}${sign}${String(hours)}:${String(minutes)}`;
}
