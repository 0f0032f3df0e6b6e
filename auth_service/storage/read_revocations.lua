-- Reads one shard's revocation log after a position, and sees to it that the present position can be found again.
-- A position is good only if its entry is still there. So a cursor that is too old, comes from elsewhere or lies beyond
-- the end (a failover lost entries) is recognised by one question. While somebody reads, the log always holds an entry
-- younger than half its lifetime, if need be a mark that concerns nobody: a quiet log must not look like a trimmed one.
--
-- KEYS  the log · its incarnation, which is lost when Redis loses its data
-- ARGV  the position, or nothing · how many entries at most · how long the log keeps an entry, in ms · an incarnation
--       for a log that has none
-- Answers the incarnation, the newest position, whether the given one is good, and the entries after it.

local log_key, incarnation_key = KEYS[1], KEYS[2]
local position, limit, lifetime, new_incarnation = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function integer(number) return string.format("%.0f", number) end

local incarnation = redis.call("GET", incarnation_key)
if not incarnation then
  incarnation = new_incarnation
  redis.call("SET", incarnation_key, incarnation)
end
redis.call("PEXPIRE", incarnation_key, integer(lifetime))

local newest = redis.call("XREVRANGE", log_key, "+", "-", "COUNT", 1)
local newest_id = newest[1] and newest[1][1]
if not newest_id or tonumber(string.match(newest_id, "^%d+")) < now - lifetime / 2 then
  newest_id = redis.call("XADD", log_key, "MINID", "~", integer(now - lifetime), "*", "mark", "")
  redis.call("PEXPIRE", log_key, integer(lifetime))
end

if position == "" or #redis.call("XRANGE", log_key, position, position) == 0 then
  return {incarnation, newest_id, 0, {}}
end
return {incarnation, newest_id, 1, redis.call("XRANGE", log_key, "(" .. position, "+", "COUNT", limit)}
