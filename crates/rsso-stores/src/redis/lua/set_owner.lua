-- KEYS d l n w  ARGV token owner ttl -> {1} the lock names its owner's other connection now, {0} it is lost
if not held(KEYS[2], ARGV[1]) then return { 0 } end
redis.call('SET', KEYS[2], ARGV[1] .. ARGV[2], 'PX', ARGV[3])
return { 1 }
