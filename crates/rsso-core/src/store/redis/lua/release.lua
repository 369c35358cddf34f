-- KEYS d l n w  ARGV token -> {1}
redis.call('ZREM', KEYS[3], ARGV[1])
if held(KEYS[2], ARGV[1]) then hand_over(KEYS[2], KEYS[3], KEYS[4]) end
return { 1 }
