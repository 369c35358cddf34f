-- KEYS record lock waiters wake new_record  ARGV token login generation revision ttl new_session grace max_sessions
-- -> {1, version} the new record has the login, {2} the session does not have it, or the new id is taken
local record, new_record = KEYS[1], KEYS[5]
local login, version, ttl = ARGV[2], ARGV[3] .. ARGV[4], tonumber(ARGV[5])
local new_session, grace, max_sessions = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local prefix, found, existing = prefix_of(record), read_tail(record), read_tail(new_record)
local user = found and found.login == login and user_key(record, found.user)
local stored = user and redis.call('HGET', user, login)
local reply = { 2 }
if stored and existing then
  -- The script was sent twice, and the first run has done it.
  if existing.login == login then reply = { 1, existing.generation .. existing.revision } end
elseif stored then
  redis.call('COPY', record, new_record)
  redis.call('SETRANGE', new_record, redis.call('STRLEN', new_record) - TRAILER, 'R1L' .. version)
  redis.call('PEXPIRE', new_record, ttl)
  if found.state == 'L' then
    redis.call('SETRANGE', record, redis.call('STRLEN', record) - TRAILER + 2, 'G')
    if redis.call('PTTL', record) > grace then redis.call('PEXPIRE', record, grace) end
  end
  local entry, sessions, rotated = cjson.decode(stored), {}, {}
  for _, session in ipairs(entry.s) do
    local other = read_tail(record_key(prefix, session))
    if other and other.login == login then
      sessions[#sessions + 1] = session
      if other.state == 'G' then rotated[#rotated + 1] = session end
    end
  end
  -- Too many sessions: first those that were rotated go, then the oldest.
  while #sessions >= max_sessions do
    local surplus = table.remove(rotated, 1) or sessions[1]
    for at, session in ipairs(sessions) do
      if session == surplus then table.remove(sessions, at) break end
    end
    redis.call('DEL', record_key(prefix, surplus))
  end
  sessions[#sessions + 1] = new_session
  entry.s = sessions
  redis.call('HSET', user, login, cjson.encode(entry))
  extend_user(record, found.user, ttl)
  reply = { 1, version }
end
if ARGV[1] ~= '' and is_held(KEYS[2], ARGV[1]) then hand_over(KEYS[2], KEYS[3], KEYS[4]) end
return reply
