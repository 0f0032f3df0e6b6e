-- Cuts what a grant allows to what is still allowed, and tells the resource servers. Never widens, and never revives.
-- HDEL comes first: when Redis is full, a script that has begun by freeing may go on to write.
--
-- KEYS  the grant · the revocation log of its shard
-- ARGV  how long the log keeps an entry, in ms · the grant's id · the scopes that are left · the audience that is left

local fields = redis.call("HMGET", KEYS[1], "client_id", "subject", "scopes", "audience")
local client_id, subject, scopes, audience = unpack(fields)
if not scopes then return end

local function cut(words, allowed)
  local is_allowed, left = {}, {}
  for word in string.gmatch(allowed, "%S+") do is_allowed[word] = true end
  for word in string.gmatch(words, "%S+") do
    if is_allowed[word] then table.insert(left, word) end
  end
  return table.concat(left, " ")
end

local scopes_left, audience_left = cut(scopes, ARGV[3]), cut(audience, ARGV[4])
if scopes_left == scopes and audience_left == audience then return end

redis.call("HDEL", KEYS[1], "scopes", "audience")
redis.call("HSET", KEYS[1], "scopes", scopes_left, "audience", audience_left)
local time = redis.call("TIME")
local oldest = string.format("%.0f", time[1] * 1000 - ARGV[1])
redis.call("XADD", KEYS[2], "MINID", "~", oldest, "*", "grant_id", ARGV[2], "client_id", client_id,
  "sub", subject, "aud", audience, "scope", scopes_left)
redis.call("PEXPIRE", KEYS[2], ARGV[1])
