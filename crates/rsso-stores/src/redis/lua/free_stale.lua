-- KEYS d l n w  ARGV lock token wait -> {1} freed, {0} another lock stands there
-- Frees a lock whose owner is known to be dead, or that has run out or was removed. Who asks is in the queue
-- then, even if somebody has removed that as well.
local lock = redis.call('GET', KEYS[2])
if lock and lock ~= ARGV[1] then return { 0 } end
local wait = tonumber(ARGV[3])
if wait > 0 then
  redis.call('ZADD', KEYS[3], 'NX', now() + wait, ARGV[2])
  if redis.call('PTTL', KEYS[3]) < wait + 1000 then redis.call('PEXPIRE', KEYS[3], wait + 1000) end
end
hand_over(KEYS[2], KEYS[3], KEYS[4])
return { 1 }
