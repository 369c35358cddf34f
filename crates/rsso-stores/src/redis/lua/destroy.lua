-- KEYS record lock waiters wake  ARGV token generation keeps_login tombstone tombstone_ttl empty_record empty_ttl
-- -> {1} a record was removed, {0} there was none, {2} nothing was done: the session's login would end with it
local record, lock, waiters, wake = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, tombstone, empty_record = ARGV[1], ARGV[4], ARGV[6]
local found = read_live(record)
local is_other = found and ARGV[2] ~= '' and found.generation ~= ARGV[2]
local removed = 0
if found and not is_other then
  if found.login and ARGV[3] ~= '1' then return { 2 } end
  -- Requests that are under way find an empty session, without a login.
  if empty_record ~= '' then
    redis.call('SET', record, empty_record, 'PX', ARGV[7])
    removed = 1
  else
    removed = redis.call('DEL', record)
  end
end
if tombstone ~= '' and not is_other then redis.call('SET', tombstone_key(record), tombstone, 'PX', ARGV[5]) end
if token ~= '' then
  -- The owner of the lock has left the queue.
  if is_held(lock, token) then hand_over(lock, waiters, wake) else redis.call('ZREM', waiters, token) end
end
return { removed }
