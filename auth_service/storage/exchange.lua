-- Stores an access token that a client got for another one (RFC 8693), if that one and its grant are good. It ends when
-- that one does, and is listed until then with those that have to end together.
-- The token comes first: after any other write, Redis would let the script store the token though it is full.
--
-- KEYS  the grant · the subject token · the new token · the list of what was got for the subject token · the list of
--       what the client got
-- ARGV  the new token as JSON (see ExchangedTokenStore.issue) · its lifetime in s · how many tokens may be got for one

local grant_key, subject_key, token_key = KEYS[1], KEYS[2], KEYS[3]
local grant, is_compact = read_grant(grant_key)
local subject = read_access_token(subject_key)
if not subject or not grant then return {"gone"} end

local issued_at = tonumber(redis.call("TIME")[1])
local expires_at = math.min(issued_at + ARGV[2], tonumber(subject.expires_at))
if expires_at <= issued_at then return {"gone"} end

local is_repetition = redis.call("ZSCORE", KEYS[4], token_key)
local living = redis.call("ZCOUNT", KEYS[4], "(" .. integer(issued_at), "+inf")
if not is_repetition and living >= tonumber(ARGV[3]) then return {"too_many"} end

write_access_token(token_key, grant, is_compact, cjson.decode(ARGV[1]), issued_at, expires_at)
for i = 4, 5 do
  redis.call("ZREMRANGEBYSCORE", KEYS[i], "-inf", integer(issued_at))
  redis.call("ZADD", KEYS[i], integer(expires_at), token_key)
  local ends_at = redis.call("ZREVRANGE", KEYS[i], 0, 0, "WITHSCORES")[2]
  redis.call("PEXPIREAT", KEYS[i], integer(ends_at * 1000))
end
return {"exchanged", integer(issued_at), integer(expires_at)}
