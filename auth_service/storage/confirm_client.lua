-- Notes that SQL still knew the client after its own grant was born, unless that grant is another one by now.
--
-- KEYS  the client's own grant
-- ARGV  the birth; empty for a grant from before grants had one

local fields = redis.call("HMGET", KEYS[1], "client_id", "born")
if fields[1] and (fields[2] or "") == ARGV[1] then redis.call("HSET", KEYS[1], "confirmed", "1") end
