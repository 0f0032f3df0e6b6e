-- Writes down that this Redis was told of all that had ended before a moment.
-- DEL comes first: when Redis is full, a script that has begun by freeing may go on to write.
--
-- KEYS  the mark
-- ARGV  which Redis this is · the moment, in epoch ms · over how many shards grants are spread · for how many
--       ms to keep the mark

redis.call("DEL", KEYS[1])
redis.call("SET", KEYS[1], ARGV[1] .. " " .. ARGV[2] .. " " .. ARGV[3], "PX", ARGV[4])
