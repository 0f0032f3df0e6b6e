-- Takes or prolongs the lease on telling a Redis what has ended. Another Redis' lease, which data brought along, is free.
-- DEL comes first: when Redis is full, a script that has begun by freeing may go on to write.
--
-- KEYS  the lease
-- ARGV  which Redis is to be told · who asks · for how many ms
-- Answers whether the lease is the asker's now.

local mine = ARGV[1] .. " " .. ARGV[2]
local held = redis.call("GET", KEYS[1])
if held and held ~= mine and string.find(held, ARGV[1] .. " ", 1, true) == 1 then return 0 end
redis.call("DEL", KEYS[1])
redis.call("SET", KEYS[1], mine, "PX", ARGV[3])
return 1
