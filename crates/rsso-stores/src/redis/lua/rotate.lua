-- KEYS d l n w to  ARGV token login generation revision ttl session grace max_sessions
-- -> {1, version} the login is there now, {2} the session does not have it, or the new id is taken
local d, to = KEYS[1], KEYS[5]
local login, version, ttl = ARGV[2], ARGV[3] .. ARGV[4], tonumber(ARGV[5])
local session, grace, max_sessions = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local prefix, found, there = prefix_of(d), tail(d), tail(to)
local user = found and found.login == login and user_key(d, found.user)
local stored = user and redis.call('HGET', user, login)
local reply = { 2 }
if stored and there then
  -- Sent a second time: the first has done it.
  if there.login == login then reply = { 1, there.generation .. there.revision } end
elseif stored then
  redis.call('COPY', d, to)
  redis.call('SETRANGE', to, redis.call('STRLEN', to) - TRAILER, 'R1L' .. version)
  redis.call('PEXPIRE', to, ttl)
  if found.state == 'L' then
    redis.call('SETRANGE', d, redis.call('STRLEN', d) - TRAILER + 2, 'G')
    if redis.call('PTTL', d) > grace then redis.call('PEXPIRE', d, grace) end
  end
  local entry, sessions, spare = cjson.decode(stored), {}, {}
  for _, other in ipairs(entry.s) do
    local alive = tail(record_key(prefix, other))
    if alive and alive.login == login then
      sessions[#sessions + 1] = other
      if alive.state == 'G' then spare[#spare + 1] = other end
    end
  end
  -- Too many: those that were rotated go first, then the oldest.
  while #sessions >= max_sessions do
    local gone = table.remove(spare, 1) or sessions[1]
    for at, other in ipairs(sessions) do
      if other == gone then table.remove(sessions, at) break end
    end
    redis.call('DEL', record_key(prefix, gone))
  end
  sessions[#sessions + 1] = session
  entry.s = sessions
  redis.call('HSET', user, login, cjson.encode(entry))
  keep_user(d, found.user, ttl)
  reply = { 1, version }
end
if ARGV[1] ~= '' and held(KEYS[2], ARGV[1]) then hand_over(KEYS[2], KEYS[3], KEYS[4]) end
return reply
