-- Raises a mark, which never falls: writers may come here in another order than they committed in.
-- KEYS[1]: the mark. ARGV: the number that was reached; for how many seconds the mark is kept.
local present = tonumber(redis.call('GET', KEYS[1]) or '-1')
if tonumber(ARGV[1]) >= present then
    redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
