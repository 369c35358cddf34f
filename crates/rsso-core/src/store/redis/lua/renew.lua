-- KEYS d l n w  ARGV token ttl -> {1} still held, {0} lost
if not held(KEYS[2], ARGV[1]) then return { 0 } end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return { 1 }
