import * as z from 'zod';

const FORM = 'must be a time in UTC, such as 2026-01-31T00:00:00Z';

/** A time in an operator's file. In UTC only: a local time means another one where the server runs. */
export const instant = z.iso.datetime({
  error: ({ code }) => (code === 'invalid_format' ? FORM : undefined),
});
