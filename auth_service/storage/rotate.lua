-- Spends a one-time credential, a code or a refresh token, and stores its successors: all of it or nothing.
-- The first use of the current credential wins. Later uses are told apart: the same request again, another one,
-- one that came too soon to tell, or reuse, for which the caller ends the grant (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
-- tests/state_models/rotation.py explores every order of them.
--
-- KEYS  the grant · the new access token · where its credentials were spent, unless that is in the grant
-- ARGV  the values of REQUEST and of NUMBERS, in that order (see GrantStore.rotate): JSON would cost as much as the token

local grant_key, access_token_key, uses_key = KEYS[1], KEYS[2], KEYS[3]
local REQUEST = {"client_id", "digest", "nonce", "key_id", "access_digest", "refresh_digest", "username", "scope", "audience",
  "jkt", "actors", "claims", "idempotency_key", "parameters", "retry", "binds_refresh_token", "use_field", "used_by", "compact"}
local NUMBERS = {"generation", "access_token_lifetime", "idle_lifetime", "replay_window", "unused_window", "used_window",
  "uses_kept"}
local request = {}
for place, name in ipairs(REQUEST) do request[name] = ARGV[place] end
for place, name in ipairs(NUMBERS) do request[name] = tonumber(ARGV[#REQUEST + place]) end

-- Notes in a compact grant where its credential is spent: in `first_use` the code, in `uses` the last refresh tokens.
-- Those that came one after the other from one place are a run: the first one's generation, its time, the seconds from
-- each to the next, and the place; "=" where that is the code's. Runs are parted by tabs.
local function note_use(grant, request, at, last_used_at)
  if request.generation == 0 then
    grant.first_use = integer(at) .. " " .. request.used_by
    return
  end
  local first_place = string.match(grant.first_use or "", "^%d+ (.*)$")
  local place = request.used_by == first_place and "=" or request.used_by
  local runs, noted = {}, 1
  for run in string.gmatch(grant.uses or "", "[^\t]+") do
    local first, times, its_place = string.match(run, "^(%d+) (%S+) (.*)$")
    local length = select(2, string.gsub(times, ",", "")) + 1
    runs[#runs + 1], noted = {first = first, times = times, place = its_place, length = length}, noted + length
  end
  local last = runs[#runs]
  if last and last.place == place and last.first + last.length == request.generation then
    last.times = last.times .. "," .. integer(at - last_used_at)
  else
    runs[#runs + 1] = {first = request.generation, times = integer(at), place = place}
  end
  if noted > request.uses_kept then
    local oldest = runs[1]
    local its_time, to_next, rest = string.match(oldest.times, "^(%d+),(%-?%d+)(.*)$")
    if its_time then
      oldest.first, oldest.times = oldest.first + 1, integer(its_time + to_next) .. rest
    else
      table.remove(runs, 1)
    end
  end
  for number, run in ipairs(runs) do runs[number] = integer(run.first) .. " " .. run.times .. " " .. run.place end
  grant.uses = table.concat(runs, "\t")
end

local grant = read_grant(grant_key)
if not grant then return {"gone"} end
if grant.client_id ~= request.client_id then return {"wrong_client"} end

-- From the first one on that was issued with a proof, a public client's refresh tokens need it (RFC 9449 §5).
local is_bound = grant.jkt and request.generation >= tonumber(grant.bound_since)
if is_bound and request.jkt ~= grant.jkt then return {"wrong_key"} end

local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local generation = tonumber(grant.generation)
local is_current = request.generation == generation and cut(request.digest) == cut(grant.current)
local is_previous = request.generation == generation - 1 and cut(request.digest) == cut(grant.previous)
local repeats_key = request.idempotency_key ~= "" and cut(request.idempotency_key) == cut(grant.idempotency_key)

if is_previous then
  local elapsed = now - tonumber(grant.rotated_at)
  local same_request = cut(request.parameters) == cut(grant.parameters) and request.jkt == (grant.access_jkt or "")
  local repeats = request.nonce == grant.nonce
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
    return {"replayed", grant.nonce, grant.key_id, cut(grant.access_digest), cut(grant.current),
      time[1], integer(math.floor(grant.rotated_at / 1000)), grant.access_expires_at,
      grant.access_scope or grant.scopes or ""}
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

-- The token comes first: HSET and SET are what a full Redis refuses, and then nothing is spent.
local is_compact = request.compact == "1"
local function kept(digest) return is_compact and cut(digest) or digest end
grant.username = request.username
write_access_token(access_token_key, grant, is_compact, request, issued_at, access_expires_at)

local last_used_at = math.floor((grant.rotated_at or 0) / 1000)
grant.generation, grant.rotated_at = integer(generation + 1), integer(now)
grant.previous, grant.current = kept(request.digest), kept(request.refresh_digest)
grant.nonce, grant.key_id = request.nonce, request.key_id
grant.idempotency_key, grant.parameters = kept(request.idempotency_key), kept(request.parameters)
grant.access_digest, grant.access_jkt = kept(request.access_digest), request.jkt
grant.access_scope = not (is_compact and request.scope == grant.scopes) and request.scope or nil
grant.access_expires_at = integer(access_expires_at)
grant.unused = request.retry ~= "never" and (is_compact and "1" or request.access_digest) or nil
grant.used_at = nil
if request.binds_refresh_token == "1" and request.jkt ~= "" and not is_bound then
  grant.jkt, grant.bound_since = request.jkt, integer(generation + 1)
end
if is_compact then
  -- Only the ID token says it, of the code's exchange or its repetition. What a code's second use is held to stays.
  if generation > 0 or request.idempotency_key == "" then grant.id_token_nonce = nil end
  note_use(grant, request, issued_at, last_used_at)
end
write_grant(grant_key, grant, is_compact, ends_at)
if not is_compact then
  redis.call("HSET", uses_key, request.use_field, integer(request.generation) .. " " .. time[1] .. " " .. request.used_by)
end
redis.call("PEXPIREAT", uses_key, integer(ends_at)) -- also of a compact grant, which may have been a hash before
return {"rotated", integer(issued_at), integer(access_expires_at)}
