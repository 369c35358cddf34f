-- KEYS record lock waiters wake
-- ARGV token generation keep_login tombstone tombstone_ttl id_stem time at retention empty_record empty_ttl
-- -> {1} a record was removed, {0} there was none
local record, lock, waiters, wake = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, tombstone, empty_record = ARGV[1], ARGV[4], ARGV[10]
local found = read_tail(record)
local removed = 0
if found and (ARGV[2] == '' or found.generation == ARGV[2]) then
  if found.login and ARGV[3] ~= '1' then
    release_login(new_events(ARGV[6], ARGV[7], ARGV[8], ARGV[9]), record, found, record, 'destroyed')
  end
  -- Requests that are under way find an empty session, without a login.
  if empty_record ~= '' then
    redis.call('SET', record, empty_record, 'PX', ARGV[11])
    removed = 1
  else
    removed = redis.call('DEL', record)
  end
end
if tombstone ~= '' then redis.call('SET', tombstone_key(record), tombstone, 'PX', ARGV[5]) end
if token ~= '' then
  -- The owner of the lock has left the queue.
  if is_held(lock, token) then hand_over(lock, waiters, wake) else redis.call('ZREM', waiters, token) end
end
return { removed }
