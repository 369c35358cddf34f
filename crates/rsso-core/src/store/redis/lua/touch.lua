-- KEYS d l n w  ARGV token generation ttl empty_record -> {1} refreshed or created, {2} gone
local d, l, n, w = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local trailer = redis.call('GETRANGE', d, TRAILER, -1)
local reply = { 1 }
if trailer == '' and ARGV[2] == '' then
  redis.call('SET', d, ARGV[4], 'PX', ARGV[3])
elseif ARGV[2] == '' or string.sub(trailer, 4, 11) == ARGV[2] then
  redis.call('PEXPIRE', d, ARGV[3])
else
  reply = { 2 }
end
if held(l, ARGV[1]) then hand_over(l, n, w) end
return reply
