import { LOG_LEVELS } from '@secure-mcp/logging';
import * as z from 'zod';

import type { CallLimits, Rate } from '../call/limits.ts';
import { httpOptions, rateText } from './http-options.ts';

const file = z.string().min(1).max(4096);

/** The options that every server has. A server adds its own with `.extend`. */
export const commonOptions = z.strictObject({
  policy: file
    .optional()
    .describe('Who may do what. Without it, the local user may use everything that is served.')
    .meta({ value: 'FILE' }),
  auditLog: file
    .optional()
    .describe('Append audit events to this file instead of stderr.')
    .meta({ value: 'FILE' }),
  logLevel: z.enum(LOG_LEVELS).default('warn').describe('What goes to stderr.'),
  rateLimit: rateText
    .default('600/60')
    .describe('Calls in a window, for each caller.')
    .meta({ value: 'N/SECONDS' }),
  concurrency: z
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe('Calls at the same time, for each caller.'),
  deadlineMs: z.int().min(100).max(600_000).default(15_000).describe('Longest run of one call.'),
  resultBytes: z
    .int()
    .min(4096)
    .max(16_777_216)
    .default(1_048_576)
    .describe('Largest answer, without media.'),
  secrets: z
    .enum(['redact', 'block', 'allow'])
    .default('redact')
    .describe('What happens to secrets found in an answer.'),
  ...httpOptions,
});

export type CommonOptions = z.output<typeof commonOptions>;

/** The limits that the options set for everyone. */
export function limitsOf(options: CommonOptions): CallLimits {
  const { rateLimit, concurrency, deadlineMs, resultBytes } = options;
  return { rates: [rateOf(rateLimit)], concurrency, deadlineMs, resultBytes };
}

/** The window that an option such as `600/60` names. */
export function rateOf(text: string): Rate {
  const [calls = 1, seconds = 1] = text.split('/').map(Number);
  return { calls, seconds };
}
