-- Stores a hash that ends by itself. Harmless when repeated.
--
-- KEYS  the hash
-- ARGV  for how many ms to keep it · its fields and values

redis.call("HSET", KEYS[1], unpack(ARGV, 2))
redis.call("PEXPIRE", KEYS[1], ARGV[1])
