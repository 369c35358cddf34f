-- KEYS d l n w  ARGV token generation ttl empty_record -> {1} refreshed or created, {2} gone
local d, l, n, w = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local found = alive(d)
local reply = { 1 }
if not found and ARGV[2] == '' then
  redis.call('SET', d, ARGV[4], 'PX', ARGV[3])
elseif found and (ARGV[2] == '' or found.generation == ARGV[2]) then
  if found.state ~= 'G' then redis.call('PEXPIRE', d, ARGV[3]) end
  if found.login then keep_user(d, found.user, tonumber(ARGV[3])) end
else
  reply = { 2 }
end
if held(l, ARGV[1]) then hand_over(l, n, w) end
return reply
