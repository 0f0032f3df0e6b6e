-- Cuts what a grant allows to what is still allowed, and tells the resource servers. Never widens, and never revives.
-- A client's own grant may grow again, so of it each narrowing counts once.
-- HDEL comes first: when Redis is full, a script that has begun by freeing may go on to write.
--
-- KEYS  the grant · the revocation log of its shard
-- ARGV  how long the log keeps an entry, in ms · the grant's id · the scopes that are left · the audience that is left
--       · of a client's own grant, how often its client was narrowed; of a person's, nothing

local fields = redis.call("HMGET", KEYS[1], "client_id", "subject", "scopes", "audience", "narrowings")
local client_id, subject, scopes, audience, narrowings = unpack(fields)
if not scopes then return end
if ARGV[5] and tonumber(narrowings or 0) >= tonumber(ARGV[5]) then return end

local function cut(words, allowed)
  local is_allowed, left = {}, {}
  for word in string.gmatch(allowed, "%S+") do is_allowed[word] = true end
  for word in string.gmatch(words, "%S+") do
    if is_allowed[word] then table.insert(left, word) end
  end
  return table.concat(left, " ")
end

local scopes_left, audience_left = cut(scopes, ARGV[3]), cut(audience, ARGV[4])
if ARGV[5] then
  redis.call("HDEL", KEYS[1], "narrowings")
  redis.call("HSET", KEYS[1], "narrowings", ARGV[5])
end
if scopes_left == scopes and audience_left == audience then return end

redis.call("HDEL", KEYS[1], "scopes", "audience")
redis.call("HSET", KEYS[1], "scopes", scopes_left, "audience", audience_left)
local time = redis.call("TIME")
local oldest = string.format("%.0f", time[1] * 1000 - ARGV[1])
redis.call("XADD", KEYS[2], "MINID", "~", oldest, "*", "grant_id", ARGV[2], "client_id", client_id,
  "sub", subject, "aud", audience, "scope", scopes_left)
redis.call("PEXPIRE", KEYS[2], ARGV[1])
