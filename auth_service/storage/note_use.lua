-- Notes that a pair of tokens was presented, which its rotation had marked as unused: whoever brings its predecessor
-- after that has waited for no answer.
-- HDEL comes first: when Redis is full, a script that has begun by freeing may go on to write; the other order fails.
--
-- KEYS  the grant
-- ARGV  the digest of the pair's access token or of its refresh token

local unused, current = unpack(redis.call("HMGET", KEYS[1], "unused", "current"))
if not unused or (ARGV[1] ~= unused and ARGV[1] ~= current) then return end
local time = redis.call("TIME")
redis.call("HDEL", KEYS[1], "unused")
redis.call("HSET", KEYS[1], "used_at", string.format("%.0f", time[1] * 1000 + math.floor(time[2] / 1000)))
