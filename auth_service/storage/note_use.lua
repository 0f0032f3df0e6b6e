-- Notes that a pair of tokens was presented, which its rotation had marked as unused: whoever brings its predecessor
-- after that has waited for no answer.
--
-- KEYS  the grant
-- ARGV  the digest of the pair's access token or of its refresh token

local grant, is_compact = read_grant(KEYS[1])
if not grant or not grant.unused then return end
if cut(ARGV[1]) ~= cut(grant.access_digest) and cut(ARGV[1]) ~= cut(grant.current) then return end
local time = redis.call("TIME")
grant.unused, grant.used_at = nil, integer(time[1] * 1000 + math.floor(time[2] / 1000))
write_grant(KEYS[1], grant, is_compact)
