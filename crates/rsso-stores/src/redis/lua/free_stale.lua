-- KEYS record lock waiters wake  ARGV stale_lock token wait -> {1} freed, {0} there is another lock
-- Frees a lock whose owner is dead, or wakes the next waiter if the lock has expired or was removed. The caller is
-- put into the queue again, because the queue may have been removed too.
local lock, waiters, token, wait = KEYS[2], KEYS[3], ARGV[2], tonumber(ARGV[3])
local value = redis.call('GET', lock)
if value and value ~= ARGV[1] then return { 0 } end
if wait > 0 then join_queue(waiters, token, wait) end
hand_over(lock, waiters, KEYS[4])
return { 1 }
