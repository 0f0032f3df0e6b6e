-- Stores a grant whose code may be exchanged. Harmless when repeated.
--
-- KEYS  the grant
-- ARGV  whether it is compact: 1 or 0 · for how many ms to keep it · until which epoch ms at the latest · its fields and values

local grant = {}
for i = 4, #ARGV, 2 do grant[ARGV[i]] = ARGV[i + 1] end
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
write_grant(KEYS[1], grant, ARGV[1] == "1", math.min(now + ARGV[2], tonumber(ARGV[3])))
