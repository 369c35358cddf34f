-- KEYS d l n w  ARGV token generation alone grave grave_ttl stem time at keep newborn newborn_ttl -> {1} a record was removed, {0} none
local d = KEYS[1]
local found = tail(d)
local removed = 0
if found and (ARGV[2] == '' or found.generation == ARGV[2]) then
  if found.login and ARGV[3] ~= '1' then
    release_login(new_book(ARGV[6], ARGV[7], ARGV[8], ARGV[9]), d, found, d, 'destroyed')
  end
  -- For requests under way: an empty session, which is nobody's.
  if ARGV[10] ~= '' then
    redis.call('SET', d, ARGV[10], 'PX', ARGV[11])
    removed = 1
  else
    removed = redis.call('DEL', d)
  end
end
if ARGV[4] ~= '' then redis.call('SET', tombstone_key(d), ARGV[4], 'PX', ARGV[5]) end
if ARGV[1] ~= '' then
  -- Who holds the lock has left the queue.
  if held(KEYS[2], ARGV[1]) then hand_over(KEYS[2], KEYS[3], KEYS[4]) else redis.call('ZREM', KEYS[3], ARGV[1]) end
end
return { removed }
