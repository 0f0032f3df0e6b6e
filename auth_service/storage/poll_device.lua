-- A device asks whether the person has decided (RFC 8628 §3.5). Who asks too soon has to wait five seconds longer
-- before each later time. Redis' own clock counts.
--
-- KEYS  the device
-- ARGV  the client that asks · the digest of its device code

local fields = redis.call("HMGET", KEYS[1], "client_id", "code_digest", "denied", "interval", "polled_at", "forgiven")
local client_id, code_digest, denied, interval, polled_at, forgiven = unpack(fields)

if not client_id then return "gone" end
if client_id ~= ARGV[1] or code_digest ~= ARGV[2] then return "wrong_client" end
if denied then return "denied" end

local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Some clients ask twice at a time. The second of two doesn't count, once for each that does.
if polled_at and not forgiven and now < tonumber(polled_at) + 1000 then
  redis.call("HSET", KEYS[1], "forgiven", "1")
  return "pending"
end
redis.call("HSET", KEYS[1], "polled_at", string.format("%.0f", now))
if forgiven then redis.call("HDEL", KEYS[1], "forgiven") end
if polled_at and now < tonumber(polled_at) + interval * 1000 then
  redis.call("HINCRBY", KEYS[1], "interval", 5)
  return "slow_down"
end
return "pending"
