import { defineScript } from '../queue/run-script.ts';

/**
 * Everything that is decided about a request before it begins, in one round trip: whose key it is, whether its address has
 * sent too many unknown ones, and the key's limits. What is going to be done is written to the open audit events in the same
 * step: nothing is begun that nobody would hear of.
 *
 * An address that sent too many unknown keys gets the same answer for good keys, or it could go on guessing; only who was let
 * in from there the last time gets through, so that one broken script does not lock out a whole office. Sessions guess nothing.
 *
 * A limit is a bucket that fills evenly: stored is the time at which it will be full again.
 *
 * KEYS: stored keys, uses of keys, failures of the network, open audit events, audit log
 * ARGV: digest of the key, now, address, most failures a minute, key of the environment or '', prefix of rates,
 *   requests a minute, enqueues an hour, '1' if the request enqueues, id of the event, event or '', event of a failed
 *   authentication, most entries of the log, '1' if the key was sent and not remembered by a session, '1' without limits
 * Returns: {'blocked', '', ms} | {'unknown' or 'expired', key or ''} | {'limited' or 'admitted', key, limit, left, ms until full
 *   and ms to wait of requests, the same of enqueues}; a limit of 0 is none.
 */
export const ADMIT = defineScript(`
local now, address = tonumber(ARGV[2]), ARGV[3]
local couldBeGuess, hasLimits = ARGV[14] == '1', ARGV[15] ~= '1'
local text = ARGV[5]
if text == '' then text = redis.call('HGET', KEYS[1], ARGV[1]) or '' end
local key = text ~= '' and cjson.decode(text)
local usedAt, usedFrom = string.match(key and redis.call('HGET', KEYS[2], key.id) or '', '^(%d+) (.*)$')

if couldBeGuess and usedFrom ~= address and tonumber(redis.call('GET', KEYS[3]) or '0') >= tonumber(ARGV[4]) then
  return {'blocked', '', redis.call('PTTL', KEYS[3])}
end
local isExpired = key and key.expiresAt and key.expiresAt <= now
if not key or isExpired then
  if couldBeGuess then
    if redis.call('INCR', KEYS[3]) == 1 then redis.call('PEXPIRE', KEYS[3], 60000) end
    redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[13], '*', 'event', ARGV[12])
  end
  return {isExpired and 'expired' or 'unknown', text}
end

local function take(name, limit, windowMs)
  if limit == 0 then return {limit = 0, left = 0, full = 0, wait = 0} end
  local stored = ARGV[6] .. key.id .. ':' .. name
  local each = windowMs / limit
  local fullAt = math.max(tonumber(redis.call('GET', stored) or '0'), now) + each
  local wait = math.ceil(fullAt - now - windowMs - 0.001)
  if wait > 0 then return {limit = limit, left = 0, full = math.ceil(fullAt - each - now), wait = wait} end
  local left = math.floor((windowMs - fullAt + now) / each + 0.001)
  return {limit = limit, left = left, full = math.ceil(fullAt - now), wait = 0, stored = stored, fullAt = fullAt}
end
local function keep(taken)
  if taken.stored then redis.call('SET', taken.stored, string.format('%.3f', taken.fullAt), 'PX', taken.full + 1) end
end
local function answer(verdict, requests, enqueues)
  return {verdict, text, requests.limit, requests.left, requests.full, requests.wait,
    enqueues.limit, enqueues.left, enqueues.full, enqueues.wait}
end

local limits = key.limits or {}
local perMinute = hasLimits and (limits.requestsPerMinute or tonumber(ARGV[7])) or 0
local requests = take('requests', perMinute, 60000)
local perHour = ARGV[9] == '1' and (limits.enqueuesPerHour or tonumber(ARGV[8])) or 0
local enqueues = take('enqueues', perHour, 3600000)
if requests.wait > 0 then return answer('limited', requests, enqueues) end
keep(requests)
if enqueues.wait > 0 then return answer('limited', requests, enqueues) end
keep(enqueues)

if usedFrom ~= address or now - tonumber(usedAt) >= 60000 then
  redis.call('HSET', KEYS[2], key.id, string.format('%d', now) .. ' ' .. address)
end
if ARGV[11] ~= '' then
  local event = cjson.decode(ARGV[11])
  event.actor = {id = key.id, name = key.name}
  redis.call('HSET', KEYS[4], ARGV[10], cjson.encode(event))
end
return answer('admitted', requests, enqueues)`);
