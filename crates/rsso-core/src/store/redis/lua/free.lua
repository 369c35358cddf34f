-- KEYS d l n w  ARGV lock -> {1}; frees a lock whose owner is known to be dead, or that has run out
local lock = redis.call('GET', KEYS[2])
if not lock or lock == ARGV[1] then hand_over(KEYS[2], KEYS[3], KEYS[4]) end
return { 1 }
