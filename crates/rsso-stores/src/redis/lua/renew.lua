-- KEYS record lock waiters wake  ARGV token ttl -> {1} still held, {0} lost
local record, lock = KEYS[1], KEYS[2]
if not is_held(lock, ARGV[1]) then return { 0 } end
redis.call('PEXPIRE', lock, ARGV[2])
local left, ttl = redis.call('PTTL', record), tonumber(ARGV[2])
local found = left >= 0 and left < ttl and read_tail(record)
if found and found.state ~= 'G' then
  redis.call('PEXPIRE', record, ttl)
  if found.login then with_logins().extend_user(record, found.user, ttl) end
end
return { 1 }
