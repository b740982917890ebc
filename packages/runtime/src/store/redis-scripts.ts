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

/** By what changes of the entries are noticed: the time of the last one (KEYS[2]), and how many there are. */
const STAMP = `
local latest = now + ARGV[2]
local function stamp() return (redis.call('GET', KEYS[2]) or '') .. '/' .. redis.call('ZCARD', KEYS[1]) end`;

/**
 * Adds entries to KEYS[1] (ARGV: how many at most; how long at most; then until and text of each).
 * Gives 0 where they do not fit, and adds none then. The whole ends with the last entry. What ends
 * later than anything that a replica writes is somebody else's, and goes.
 */
export const PUBLISH = `${NOW}${STAMP}
local entries = KEYS[1]
redis.call('ZREMRANGEBYSCORE', entries, '-inf', now)
redis.call('ZREMRANGEBYSCORE', entries, '(' .. string.format('%.0f', latest), '+inf')
local size = redis.call('ZCARD', entries)
for at = 3, #ARGV, 2 do
  if not redis.call('ZSCORE', entries, ARGV[at + 1]) then size = size + 1 end
end
if size > tonumber(ARGV[1]) then return 0 end
local changed = 0
for at = 3, #ARGV, 2 do
  changed = changed + redis.call('ZADD', entries, 'GT', 'CH', ARGV[at], ARGV[at + 1])
end
if changed > 0 then redis.call('SET', KEYS[2], time[1] .. '.' .. time[2]) end
local last = redis.call('ZRANGE', entries, -1, -1, 'WITHSCORES')
if last[2] then
  for _, key in ipairs(KEYS) do
    redis.call('PEXPIREAT', key, string.format('%.0f', math.ceil(tonumber(last[2]))))
  end
end
return 1`;

/**
 * Gives the stamp, and unless it is ARGV[3] the entries of KEYS[1] that have not ended: text and until,
 * by turns. All replicas ask again and again, so what has not changed is not told again.
 */
export const PUBLISHED = `${NOW}${STAMP}
local found = stamp()
if found == ARGV[3] then return { found } end
return { found, redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.0f', now),
  string.format('%.0f', latest), 'WITHSCORES', 'LIMIT', 0, ARGV[1]) }`;
