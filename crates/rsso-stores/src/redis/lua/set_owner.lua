-- KEYS record lock waiters wake  ARGV token owner ttl -> {1} the lock names this connection now, {0} it is lost
local lock, token = KEYS[2], ARGV[1]
if not is_held(lock, token) then return { 0 } end
redis.call('SET', lock, token .. ARGV[2], 'PX', ARGV[3])
return { 1 }
