-- An act that has failed reserves its users: no other act changes them until it is done, or a second has passed.
local RESERVATION_MS = 1000
for at = 11, #ARGV do
  local holder = redis.call('GET', ARGV[at])
  if holder and holder ~= ARGV[10] then return { 0 } end
end
for at = 11, #ARGV do redis.call('SET', ARGV[at], ARGV[10], 'PX', RESERVATION_MS) end
