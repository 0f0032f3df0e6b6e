-- Stores a hash that ends by itself: a grant whose code may be exchanged, a device that waits. Harmless when repeated.
--
-- KEYS  the hash
-- ARGV  for how many ms to keep it · until which epoch ms at the latest, or 0 · its fields and values

redis.call("HSET", KEYS[1], unpack(ARGV, 3))
redis.call("PEXPIRE", KEYS[1], ARGV[1])
if tonumber(ARGV[2]) > 0 then redis.call("PEXPIREAT", KEYS[1], ARGV[2], "LT") end
