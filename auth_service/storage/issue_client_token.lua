-- Stores an access token that a client got for itself (RFC 6749 §4.4) and keeps the client's own grant alive for it.
--
-- KEYS  the client's own grant · the new access token
-- ARGV  the request as JSON (see GrantStore.issue_client_token)
-- Answers whether the grant had to be created; then the caller must look whether its client still exists.

local grant_key, access_token_key = KEYS[1], KEYS[2]
local request = cjson.decode(ARGV[1])
local issued_at = tonumber(redis.call("TIME")[1])
local expires_at = issued_at + request.access_token_lifetime
local function integer(number) return string.format("%.0f", number) end

local left = redis.call("PTTL", grant_key)
redis.call("HSETNX", grant_key, "created_by", request.attempt)
redis.call("HSET", grant_key, "client_id", request.client_id, "subject", request.client_id,
  "scopes", request.grant_scopes, "audience", request.grant_audience)
if left < request.access_token_lifetime * 1000 then
  redis.call("PEXPIREAT", grant_key, integer(expires_at * 1000))
end
redis.call("HSET", access_token_key, "claims", request.claims,
  "issued_at", integer(issued_at), "expires_at", integer(expires_at))
redis.call("PEXPIREAT", access_token_key, integer(expires_at * 1000))
-- If the first answer was lost, its repetition must say the same.
local created = redis.call("HGET", grant_key, "created_by") == request.attempt
return {created and 1 or 0, integer(issued_at), integer(expires_at)}
