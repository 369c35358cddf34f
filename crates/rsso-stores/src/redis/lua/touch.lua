-- KEYS record lock waiters wake  ARGV token generation ttl empty_record -> {1} refreshed or created, {2} gone
local record, lock = KEYS[1], KEYS[2]
local token, generation, ttl = ARGV[1], ARGV[2], ARGV[3]
local found = read_live(record)
local reply = { 1 }
if not found and generation == '' then
  redis.call('SET', record, ARGV[4], 'PX', ttl)
elseif found and (generation == '' or found.generation == generation) then
  if found.state ~= 'G' then redis.call('PEXPIRE', record, ttl) end
  if found.login and found.magic == 'R1' then
    -- It becomes a record of format 2 under its lock: an older rsso that has read it may be about to change it.
    with_logins().extend_user(record, found.user, tonumber(ttl))
  elseif found.login then
    with_logins().extend(record, found, tonumber(ttl))
  end
else
  reply = { 2 }
end
if is_held(lock, token) then hand_over(lock, KEYS[3], KEYS[4]) end
return reply
