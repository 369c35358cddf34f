-- KEYS d l n w  ARGV token ttl -> {1} still held, {0} lost
if not held(KEYS[2], ARGV[1]) then return { 0 } end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local left, ttl = redis.call('PTTL', KEYS[1]), tonumber(ARGV[2])
local found = left >= 0 and left < ttl and tail(KEYS[1])
if found and found.state ~= 'G' then
  redis.call('PEXPIRE', KEYS[1], ttl)
  if found.login then keep_user(KEYS[1], found.user, ttl) end
end
return { 1 }
