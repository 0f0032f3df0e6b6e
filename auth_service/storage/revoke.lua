-- Ends a grant or one access token with all that was got for it (RFC 8693), then tells the resource servers.
-- DEL comes first: when Redis is full, a script that has begun by freeing may go on to append; the other order fails.
-- An access token of another client than the entry names is left alone: who revokes one that Redis has lost may be wrong.
--
-- KEYS  the grant or the access token · the revocation log of its shard · the list of what was got for the access token
--       · the access token's grant, for which it counts as used from now on (note_use.lua)
-- ARGV  how long the log keeps an entry, in ms · its audience, unless the grant says itself who could have heard of it
--       · the entry's other fields and values, "client_id" the second

local time = redis.call("TIME")
local oldest = string.format("%.0f", time[1] * 1000 - ARGV[1])
local function tell(...) redis.call("XADD", KEYS[2], "MINID", "~", oldest, "*", ...) end

local own_claims = redis.call("HGET", KEYS[1], "claims")
if own_claims and cjson.decode(own_claims).client_id ~= ARGV[6] then return end

local audience = redis.call("HGET", KEYS[1], "audience") or ARGV[2]
redis.call("DEL", KEYS[1])
tell("aud", audience, unpack(ARGV, 3))
redis.call("PEXPIRE", KEYS[2], ARGV[1])

if KEYS[4] and redis.call("HGET", KEYS[4], "unused") == string.match(KEYS[1], "[%w_-]+$") then
  redis.call("HDEL", KEYS[4], "unused")
  redis.call("HSET", KEYS[4], "used_at", string.format("%.0f", time[1] * 1000 + math.floor(time[2] / 1000)))
end

local lists = {KEYS[3]}
while #lists > 0 do
  local list = table.remove(lists)
  for _, token_key in ipairs(redis.call("ZRANGE", list, 0, -1)) do
    local claims = redis.call("HGET", token_key, "claims")
    if claims then
      redis.call("DEL", token_key)
      claims = cjson.decode(claims)
      local place, grant_id, digest = string.match(token_key, "^at:(%b{}:(%x+):([%w_-]+))$")
      tell("aud", table.concat(claims.aud, " "), "grant_id", grant_id, "client_id", claims.client_id,
        "sub", claims.sub, "jti", digest)
      table.insert(lists, "exchanged:" .. place)
    end
  end
  redis.call("DEL", list)
end
