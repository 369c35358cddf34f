-- KEYS record lock waiters wake  ARGV token waiting -> {1}
-- A request that is waiting leaves the queue.
local lock, waiters, token = KEYS[2], KEYS[3], ARGV[1]
if ARGV[2] == '1' then redis.call('ZREM', waiters, token) end
if is_held(lock, token) then hand_over(lock, waiters, KEYS[4]) end
return { 1 }
