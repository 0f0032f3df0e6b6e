-- Spends a one-time credential, a code or a refresh token, and stores its successors: all of it or nothing.
-- The first use of the current credential wins. Later uses are told apart: the same request again, another one,
-- one that came too soon to tell, or reuse, for which the caller ends the grant (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
-- tests/state_models/rotation.py explores every order of them.
--
-- KEYS  the grant · the new access token · the uses of the grant
-- ARGV  the request as JSON (see GrantStore.rotate)

local grant_key, access_token_key, uses_key = KEYS[1], KEYS[2], KEYS[3]
local request = cjson.decode(ARGV[1])

local grant = {}
local fields = redis.call("HGETALL", grant_key)
for i = 1, #fields, 2 do grant[fields[i]] = fields[i + 1] end

if not grant.client_id then return {"gone"} end
if grant.client_id ~= request.client_id then return {"wrong_client"} end

-- From the first one on that was issued with a proof, a public client's refresh tokens need it (RFC 9449 §5).
local is_bound = grant.jkt and request.generation >= tonumber(grant.bound_since)
if is_bound and request.jkt ~= grant.jkt then return {"wrong_key"} end

local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function integer(number) return string.format("%.0f", number) end

local generation = tonumber(grant.generation)
local is_current = request.generation == generation and request.digest == grant.current
local is_previous = request.generation == generation - 1 and request.digest == grant.previous
local repeats_key = request.idempotency_key ~= "" and request.idempotency_key == grant.idempotency_key

if is_previous then
  local elapsed = now - tonumber(grant.rotated_at)
  local same_request = request.parameters == grant.parameters and request.jkt == grant.access_jkt
  local repeats = request.attempt == grant.attempt
  if repeats_key then
    if not same_request then return {"key_misused"} end
    repeats = repeats or elapsed < request.replay_window
  elseif request.idempotency_key == "" and request.retry ~= "never" then
    local is_proven = request.retry == "proven"
    local just_used = grant.used_at and now - grant.used_at < request.used_window
    local given_again = (grant.unused and (is_proven or elapsed < request.unused_window)) or (is_proven and just_used)
    if given_again and not same_request then return {"other_request"} end
    repeats = repeats or given_again
    local just_late = grant.unused and elapsed < request.unused_window + request.used_window
    if not repeats and (just_used or just_late) then return {"too_soon"} end
  end
  if repeats then
    return {"replayed", grant.nonce, grant.key_id, grant.access_digest, grant.current,
      time[1], integer(math.floor(grant.rotated_at / 1000)), grant.access_expires_at, grant.access_scope}
  end
end

-- Reuse. Nothing is written here: its end has to be in SQL before it is in Redis, which may lose it (tokens/grant_revocation.py).
if not is_current then return {"reused"} end

-- A key that already stood for the previous rotation can't stand for this one too. Nothing is spent.
if repeats_key then return {"key_misused"} end

local issued_at = tonumber(time[1])
local grant_expires_at = tonumber(grant.expires_at)
local access_expires_at = math.min(issued_at + request.access_token_lifetime, math.floor(grant_expires_at / 1000))
if access_expires_at <= issued_at then return {"gone"} end -- of the grant, less than a second is left
local ends_at = access_expires_at * 1000
if request.refresh_digest ~= "" then
  ends_at = math.max(ends_at, math.min(now + request.idle_lifetime * 1000, grant_expires_at))
end
if request.idempotency_key ~= "" then -- a repetition finds its answer, even where that holds nothing that lives longer
  ends_at = math.max(ends_at, math.min(now + request.replay_window, grant_expires_at))
end

redis.call("HSET", grant_key, "generation", integer(generation + 1),
  "current", request.refresh_digest, "previous", request.digest, "nonce", request.nonce, "key_id", request.key_id,
  "attempt", request.attempt, "idempotency_key", request.idempotency_key, "parameters", request.parameters,
  "rotated_at", integer(now), "access_digest", request.access_digest, "access_scope", request.access_scope,
  "access_expires_at", integer(access_expires_at), "access_jkt", request.jkt)
if request.retry ~= "never" then redis.call("HSET", grant_key, "unused", request.access_digest) end
if request.binds_refresh_token and request.jkt ~= "" and not is_bound then
  redis.call("HSET", grant_key, "jkt", request.jkt, "bound_since", integer(generation + 1))
end
redis.call("PEXPIREAT", grant_key, integer(ends_at))
redis.call("HSET", access_token_key, "claims", request.claims,
  "issued_at", integer(issued_at), "expires_at", integer(access_expires_at))
redis.call("PEXPIREAT", access_token_key, integer(access_expires_at * 1000))
if request.retry == "never" and grant.unused then redis.call("HDEL", grant_key, "unused") end
if grant.used_at then redis.call("HDEL", grant_key, "used_at") end
-- What a script has begun to write it may end, also in a full Redis: so this comes after all that counts.
redis.call("HSET", uses_key, request.use_field, integer(request.generation) .. " " .. time[1] .. " " .. request.used_by)
redis.call("PEXPIREAT", uses_key, integer(ends_at))
return {"rotated", integer(issued_at), integer(access_expires_at)}
