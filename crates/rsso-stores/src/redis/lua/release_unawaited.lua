-- The first part of release.lua: if nobody waits, the functions that follow need not be made.
if ARGV[2] ~= '1' and redis.call('EXISTS', KEYS[3]) == 0 then
  local value = redis.call('GET', KEYS[2])
  if value and string.sub(value, 1, 16) == ARGV[1] then redis.call('DEL', KEYS[2]) end
  return { 1 }
end
