-- Notes that the person said no, unless time ran out: writing to a key that has expired would revive it without an end.
--
-- KEYS  the device

if redis.call("EXISTS", KEYS[1]) == 1 then redis.call("HSET", KEYS[1], "denied", "1") end
