-- Ends a grant or one access token with all that was got for it (RFC 8693), then tells the resource servers.
-- DEL comes first: when Redis is full, a script that has begun by freeing may go on to append; the other order fails.
-- An access token of another client than the entry names is left alone: who revokes one that Redis has lost may be wrong.
--
-- KEYS  the grant or the access token · the revocation log of its shard · the list of what was got for the access token
--       · the access token's grant, for which it counts as used from now on (note_use.lua)
-- ARGV  how long the log keeps an entry, in ms · its audience, unless the grant says itself who could have heard of it
--       · the entry's other fields and values, "client_id" the second

local time = redis.call("TIME")
local oldest = integer(time[1] * 1000 - ARGV[1])
local function tell(...) redis.call("XADD", KEYS[2], "MINID", "~", oldest, "*", ...) end

local is_grant = not KEYS[4]
local grant, is_compact = read_grant(is_grant and KEYS[1] or KEYS[4])
local token = not is_grant and read_access_token(KEYS[1])
if token and (token.client_id or grant and grant.client_id or ARGV[6]) ~= ARGV[6] then return end

redis.call("DEL", KEYS[1])
tell("aud", is_grant and grant and (grant.audience or "") or ARGV[2], unpack(ARGV, 3))
redis.call("PEXPIRE", KEYS[2], ARGV[1])
if is_grant then return end

if grant and grant.unused and cut(grant.access_digest) == cut(string.match(KEYS[1], "[%w_-]+$")) then
  grant.unused, grant.used_at = nil, integer(time[1] * 1000 + math.floor(time[2] / 1000))
  write_grant(KEYS[4], grant, is_compact)
end

local lists = {KEYS[3]}
while #lists > 0 do
  local list = table.remove(lists)
  for _, token_key in ipairs(redis.call("ZRANGE", list, 0, -1)) do
    local got = read_access_token(token_key)
    if got then
      redis.call("DEL", token_key)
      local place, grant_id, digest = string.match(token_key, "^at:(%b{}:(%x+):([%w_-]+))$")
      grant = grant or {} -- has gone, and nobody takes its tokens for good
      tell("aud", got.audience or grant.audience or "", "grant_id", grant_id, "client_id", got.client_id or grant.client_id or "",
        "sub", got.subject or grant.subject or "", "jti", digest)
      table.insert(lists, "exchanged:" .. place)
    end
  end
  redis.call("DEL", list)
end
