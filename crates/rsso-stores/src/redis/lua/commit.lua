-- KEYS record lock waiters wake staging  ARGV token locked generation revision
-- -> {1, generation} stored, {2, 'held' or ''} gone, {3} lock lost, {4, error} data lost
-- The data wait in `staging`, which is renamed and never read. An empty generation: the request saw no record.
local record, lock, waiters, wake, staging = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local token, locked, generation = ARGV[1], ARGV[2] == '1', ARGV[3]
local value = redis.call('GET', lock)
local is_owner = value and string.sub(value, 1, 16) == token
local found = read_live(record)
local current = found and found.generation or ''
local reply = { 1, current }
if generation ~= '' and current ~= generation then
  reply = { 2, is_owner and 'held' or '' }
elseif found and found.revision == token then
  -- The same commit was made before, and its answer was lost.
  redis.call('DEL', staging)
  return reply
elseif locked and not is_owner and (value or (found and found.revision ~= ARGV[4])) then
  -- Another request holds the lock, or has written since.
  reply = { 3 }
end
if reply[1] == 1 then
  local left
  if found and found.login then
    -- The staged data lack the login: it is copied from the record.
    local logins, length = with_logins(), redis.call('STRLEN', staging)
    left = found.state == 'G' and redis.call('PTTL', record)
    if length >= TRAILER then
      local user_left = left and redis.call('PTTL', user_key(record, found.user))
        or logins.extend_user(record, found.user, redis.call('PTTL', staging))
      -- Without the lock an old record stays one: an older rsso that has read it may be about to change it.
      local block, magic = found.login .. found.user, 'R1'
      if is_owner or found.magic == 'R2' then
        block, magic = logins.block(logins.entry_of(record, found), found.login, found.user, user_left), 'R2'
      end
      redis.call('SETRANGE', staging, length - TRAILER, block .. magic .. found.state .. current .. token)
    end
  end
  local renamed = redis.pcall('RENAME', staging, record)
  if renamed.err then
    reply = { 4, renamed.err }
  else
    if generation == '' and found then
      -- Overwritten without a lock: it keeps its generation for whoever has read it meanwhile.
      redis.call('SETRANGE', record, redis.call('STRLEN', record) - 24, current)
    end
    if left then redis.call('PEXPIRE', record, left) end
  end
else
  redis.call('DEL', staging)
end
if is_owner then hand_over(lock, waiters, wake) end
return reply
