/**
 * What Redis does in one step, by its own clock: those of replicas differ.
 */
const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * When this Redis began to remember: KEYS[1] is written once and never ends. One that forgot what it
 * knew has a later beginning.
 */
const BIRTH = `
redis.call('SET', KEYS[1], string.format('%.0f', now), 'NX')
local birth = redis.call('GET', KEYS[1])`;

/** Gives the beginning. It writes, so it fails where nothing can be written. */
export const BEGINNING = `${NOW}${BIRTH}
return birth`;

/** Uses KEYS[2] once for ARGV[1] ms. Gives 1 for the first use, the beginning and the time. */
export const USE = `${NOW}${BIRTH}
local first = redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[1])
return { first and 1 or 0, birth, string.format('%.0f', now) }`;

/**
 * Adds entries to KEYS[1] (ARGV: how many at most; then until and text of each). Gives 0 where they
 * do not fit, and adds none then. The whole ends with the last entry.
 */
export const PUBLISH = `${NOW}
local entries = KEYS[1]
redis.call('ZREMRANGEBYSCORE', entries, '-inf', now)
local size = redis.call('ZCARD', entries)
for at = 2, #ARGV, 2 do
  if not redis.call('ZSCORE', entries, ARGV[at + 1]) then size = size + 1 end
end
if size > tonumber(ARGV[1]) then return 0 end
for at = 2, #ARGV, 2 do redis.call('ZADD', entries, 'GT', ARGV[at], ARGV[at + 1]) end
local last = redis.call('ZRANGE', entries, -1, -1, 'WITHSCORES')
if last[2] then redis.call('PEXPIREAT', entries, last[2]) end
return 1`;

/** Gives the entries of KEYS[1] that have not ended: text and until, by turns. */
export const PUBLISHED = `${NOW}
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now), '+inf', 'WITHSCORES')`;
