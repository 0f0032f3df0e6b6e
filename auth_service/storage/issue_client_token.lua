-- Stores an access token that a client got for itself (RFC 6749 §4.4) and keeps the client's own grant alive for it.
-- A grant that isn't there is born anew, and each token names the birth that it belongs to: so nothing that a client had
-- before it was deleted lives again. Whoever knows of other narrowings than the grant does has to look at SQL first.
-- HSET of the token comes first: after any other write, Redis would let the script store it though it is full.
--
-- KEYS  the client's own grant · the new access token
-- ARGV  the client's id · the scopes and the audience of its grant · its narrowings · the token's claims in JSON · its
--       life in seconds · what tells this token from others
-- Answers "outdated", or "issued", the birth, whether SQL was asked about the client since, and the token's times.

local grant_key, access_token_key = KEYS[1], KEYS[2]
local client_id, client_scopes, client_audience, known_narrowings, claims = unpack(ARGV, 1, 5)
local lifetime, unique = tonumber(ARGV[6]), ARGV[7]
local time = redis.call("TIME")
local issued_at = tonumber(time[1])
local expires_at = issued_at + lifetime
local function integer(number) return string.format("%.0f", number) end

local fields = redis.call("HMGET", grant_key, "scopes", "audience", "narrowings", "born", "confirmed")
local scopes, audience, narrowings, born, confirmed = unpack(fields)
if scopes and (narrowings or "0") ~= known_narrowings then return {"outdated"} end
if not scopes then born = time[1] .. "." .. time[2] .. "." .. unique end

-- Between two narrowings a client's scopes can only grow. Who doesn't know of all of them yet takes none away.
local function united(words, more)
  local is_there = {}
  for word in string.gmatch(words, "%S+") do is_there[word] = true end
  for word in string.gmatch(more, "%S+") do
    if not is_there[word] then words = words .. " " .. word end
  end
  return words
end

redis.call("HSET", access_token_key, "claims", claims,
  "issued_at", integer(issued_at), "expires_at", integer(expires_at))
if born then redis.call("HSET", access_token_key, "born", born) end
redis.call("PEXPIREAT", access_token_key, integer(expires_at * 1000))
if not scopes then
  redis.call("HSET", grant_key, "client_id", client_id, "subject", client_id, "born", born,
    "narrowings", known_narrowings, "scopes", client_scopes, "audience", client_audience)
elseif scopes ~= client_scopes or audience ~= client_audience then
  redis.call("HSET", grant_key, "scopes", united(scopes, client_scopes),
    "audience", united(audience, client_audience))
end
if redis.call("PTTL", grant_key) < lifetime * 1000 then
  redis.call("PEXPIREAT", grant_key, integer(expires_at * 1000))
end
return {"issued", born or "", confirmed and 1 or 0, integer(issued_at), integer(expires_at)}
