-- KEYS d l n w s  ARGV token locked generation revision -> {1, generation} stored, {2, held} gone, {3} lock lost, {4, error}
-- The payload waits in s; it is renamed, never read. An empty generation means: no record was seen.
local d, l, n, w, s = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local token, locked, generation = ARGV[1], ARGV[2] == '1', ARGV[3]
local lock = redis.call('GET', l)
local owner = lock and string.sub(lock, 1, 16) == token
local found = alive(d)
local is_now = found and found.generation or ''
local reply = { 1, is_now }
if generation ~= '' and is_now ~= generation then
  reply = { 2, owner and 'held' or '' }
elseif found and found.revision == token then
  -- This very commit was made before, and its answer was lost.
  redis.call('DEL', s)
  return reply
elseif locked and not owner and (lock or (found and found.revision ~= ARGV[4])) then
  -- Lost: another request holds the lock, or has written since.
  reply = { 3 }
end
if reply[1] == 1 then
  local left
  if found and found.login then
    -- What is staged knows nothing of logins: the record keeps its own.
    local length = redis.call('STRLEN', s)
    if length >= TRAILER then
      redis.call('SETRANGE', s, length - TRAILER,
        found.login .. found.user .. 'R1' .. found.state .. is_now .. token)
    end
    left = found.state == 'G' and redis.call('PTTL', d)
  end
  local renamed = redis.pcall('RENAME', s, d)
  if renamed.err then
    reply = { 4, renamed.err }
  else
    if generation == '' and found then
      -- Overwritten without a lock: still the same life for whoever reads it meanwhile.
      redis.call('SETRANGE', d, redis.call('STRLEN', d) - 24, is_now)
    end
    if left then
      redis.call('PEXPIRE', d, left)
    elseif found and found.login then
      keep_user(d, found.user, redis.call('PTTL', d))
    end
  end
else
  redis.call('DEL', s)
end
if owner then hand_over(l, n, w) end
return reply
