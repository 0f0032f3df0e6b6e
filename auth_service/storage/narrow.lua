-- Cuts what a grant allows to what is still allowed, and tells the resource servers. Never widens, and never revives.
-- A client's own grant may grow again, so of it each narrowing counts once.
--
-- KEYS  the grant · the revocation log of its shard
-- ARGV  how long the log keeps an entry, in ms · the grant's id · the scopes that are left · the audience that is left
--       · of a client's own grant, how often its client was narrowed; of a person's, nothing

local grant, is_compact = read_grant(KEYS[1])
if not grant then return end
if ARGV[5] and tonumber(grant.narrowings or 0) >= tonumber(ARGV[5]) then return end

local function narrowed(words, allowed)
  local is_allowed, left = {}, {}
  for word in string.gmatch(allowed, "%S+") do is_allowed[word] = true end
  for word in string.gmatch(words, "%S+") do
    if is_allowed[word] then table.insert(left, word) end
  end
  return table.concat(left, " ")
end

local scopes, audience = grant.scopes or "", grant.audience or ""
local scopes_left, audience_left = narrowed(scopes, ARGV[3]), narrowed(audience, ARGV[4])
local is_changed = scopes_left ~= scopes or audience_left ~= audience
if not is_changed and not ARGV[5] then return end
grant.narrowings = ARGV[5]
grant.scopes, grant.audience = scopes_left, audience_left
write_grant(KEYS[1], grant, is_compact)
if not is_changed then return end

local time = redis.call("TIME")
local oldest = integer(time[1] * 1000 - ARGV[1])
redis.call("XADD", KEYS[2], "MINID", "~", oldest, "*", "grant_id", ARGV[2], "client_id", grant.client_id,
  "sub", grant.subject, "aud", audience, "scope", scopes_left)
redis.call("PEXPIRE", KEYS[2], ARGV[1])
