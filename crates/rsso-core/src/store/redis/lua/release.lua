-- KEYS d l n w  ARGV token destroy -> {1} a record was removed, {0} none
local removed = 0
if ARGV[2] == '1' then removed = redis.call('DEL', KEYS[1]) end
redis.call('ZREM', KEYS[3], ARGV[1])
if held(KEYS[2], ARGV[1]) then hand_over(KEYS[2], KEYS[3], KEYS[4]) end
return { removed }
