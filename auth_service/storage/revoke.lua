-- Ends a grant or one access token, then tells the resource servers.
-- DEL comes first: when Redis is full, a script that has begun by freeing may go on to append; the other order fails.
--
-- KEYS  the grant or the access token · the revocation log of its shard
-- ARGV  how long the log keeps an entry, in ms · its audience, unless the grant says itself who could have heard of it
--       · the entry's other fields and values

local audience = redis.call("HGET", KEYS[1], "audience") or ARGV[2]
redis.call("DEL", KEYS[1])
local time = redis.call("TIME")
local oldest = string.format("%.0f", time[1] * 1000 - ARGV[1])
redis.call("XADD", KEYS[2], "MINID", "~", oldest, "*", "aud", audience, unpack(ARGV, 3))
redis.call("PEXPIRE", KEYS[2], ARGV[1])
