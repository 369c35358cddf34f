-- KEYS record lock  ARGV token_and_owner ttl -> OK granted; nil if the lock is held, or if there is no record to lock
return redis.call('EXISTS', KEYS[1]) == 1 and redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
