-- KEYS d l n w  ARGV token waiting -> {1}; who was waiting leaves the queue
if ARGV[2] == '1' then redis.call('ZREM', KEYS[3], ARGV[1]) end
if held(KEYS[2], ARGV[1]) then hand_over(KEYS[2], KEYS[3], KEYS[4]) end
return { 1 }
