-- KEYS record lock waiters wake  ARGV prefix act token ttl max makes_room, then five lists, each behind its length:
--   users {name, act, number, fields}, logins {user, login, entry} and sessions {record, generation, login}, as the
--   snapshot has shown them; events {realm, event}; changes {name, arguments...}
-- -> {1, fields of the last user} applied, {0} something has changed since the snapshot, or another act goes first
-- Carries out what was decided, or nothing; it knows no rule. Sent twice it is applied once.
-- A script's functions are made anew at each call: there are few of them.
local prefix, act, token = ARGV[1], ARGV[2], ARGV[3]
local at = 6
-- The next arguments.
local function take(count)
  at = at + count
  return unpack(ARGV, at - count + 1, at)
end
local function key_of_user(name) return prefix .. 'u:' .. name end
-- While it exists (reserve.lua), only the act that it names may change the user.
local function reservation_key(name) return prefix .. 'a:' .. name end

local users, newcomers, reserved, is_done, has_changed = {}, {}, {}, false, false
local fields = {} -- by a user's key: how many it has
for _ = 1, tonumber(take(1)) do
  local name, seen, number, count = take(4)
  local key = key_of_user(name)
  users[#users + 1] = name
  if number == '' then newcomers[#newcomers + 1] = key end
  local found = redis.call('HMGET', key, 'v', 'n')
  fields[key] = redis.call('HLEN', key)
  if found[1] == act then is_done = true end
  if (found[1] or '') ~= seen or (found[2] or '') ~= number or fields[key] ~= tonumber(count) then has_changed = true end
  local holder = redis.call('GET', reservation_key(name))
  if holder == act then
    reserved[#reserved + 1] = reservation_key(name)
  elseif holder then
    has_changed = true
  end
end
-- What a caller learns of the act's user.
local function applied()
  local last = users[#users]
  return { 1, last and fields[key_of_user(last)] or 0 }
end
-- An older rsso changes an entry without a trace at the user.
for _ = 1, tonumber(take(1)) do
  local name, login, entry = take(3)
  if redis.call('HGET', key_of_user(name), login) ~= entry then has_changed = true end
end
local records = {} -- by key, as read here, until they change
for _ = 1, tonumber(take(1)) do
  local record, generation, login = take(3)
  local found = read_tail(record)
  if generation ~= (found and found.generation or '') or login ~= (found and found.login or '') then has_changed = true end
  records[record] = found
end
if is_done then return applied() end
if has_changed then return { 0 } end

local logins = with_logins()
local lives, has_act = {}, {} -- by a user's key: for how long it lives, whether it has this act
local function set(key, ...) fields[key] = (fields[key] or 0) + redis.call('HSET', key, ...) end
local function set_state(record, state) redis.call('SETRANGE', record, redis.call('STRLEN', record) - TRAILER + 2, state) end

-- What is left of a user whose key was removed or evicted.
for _, key in ipairs(newcomers) do redis.call('DEL', order_key(prefix, key)) end
-- A full server refuses a script's first write or none: one that is no command for more memory.
if ARGV[6] == '1' then redis.call('DEL', reservation_key(act)) end
-- Events first: if a script fails, what it has done stays, and nobody is to be pushed out untold.
write_events(prefix, tonumber(ARGV[4]), tonumber(ARGV[5]), take)
for _ = 1, tonumber(take(1)) do
  local change, subject = take(2)
  local made
  if change == 'save' then
    -- A user's fields. The key outlives the user's sessions by an hour.
    local key, r, h, n, w, c, x, W, C, X = key_of_user(subject), take(9)
    set(key, 'r', r, 'h', h, 'n', n, 'w', w, 'c', c, 'x', x, 'W', W, 'C', C, 'X', X, 'v', act)
    has_act[key], lives[key] = true, logins.extend_key(key, 3600000)
  elseif change == 'bind' then
    -- With a number the login is put into the order of the user's logins.
    local user, login, entry, text, number = take(5)
    local key, found = key_of_user(user), records[subject] or read_tail(subject)
    set(key, login, entry)
    lives[key] = logins.extend_user(subject, user, found.left or redis.call('PTTL', subject), lives[key])
    logins.bind(subject, found, login, user, text, 'L', lives[key])
    if number ~= '' then
      redis.call('ZADD', order_key(prefix, key), number, login)
      redis.call('PEXPIRE', order_key(prefix, key), lives[key])
    end
  elseif change == 'remove_login' then
    local key, login = key_of_user(subject), take(1)
    fields[key] = (fields[key] or 0) - redis.call('HDEL', key, login)
    redis.call('ZREM', order_key(prefix, key), login)
  elseif change == 'create' then
    local version, ttl = take(2)
    redis.call('SET', subject, 'R1S' .. version, 'PX', ttl, 'NX')
    -- What read_tail would find of it.
    made = {
      magic = 'R1', state = 'S', generation = string.sub(version, 1, 8), revision = string.sub(version, 9),
      length = TRAILER, left = tonumber(ttl),
    }
  elseif change == 'copy' then
    -- Its id was not rotated.
    local to, version, ttl = take(3)
    redis.call('COPY', subject, to)
    set_state(to, 'L' .. version)
    redis.call('PEXPIRE', to, ttl)
    records[to] = nil
  elseif change == 'remove' then
    local found, generation = read_tail(subject), take(1)
    if found and found.generation == generation then redis.call('DEL', subject) end
  elseif change == 'unbind' then
    local found = read_tail(subject)
    -- What was said of the login goes at the next write.
    if found and found.login then
      redis.call('SETRANGE', subject, redis.call('STRLEN', subject) - TRAILER - BINDING, NO_LOGIN)
    end
  elseif change == 'retire' then
    local grace = tonumber(take(1))
    set_state(subject, 'G')
    if redis.call('PTTL', subject) > grace then redis.call('PEXPIRE', subject, grace) end
  elseif change == 'add_tombstone' then
    local kick, ttl = take(2)
    redis.call('SET', tombstone_key(subject), kick, 'PX', ttl)
  elseif change == 'remove_tombstone' then
    redis.call('DEL', tombstone_key(subject))
  else
    error('unknown change')
  end
  records[subject] = made
end
for _, name in ipairs(users) do
  local key = key_of_user(name)
  if not has_act[key] then set(key, 'v', act) end
end
for _, reservation in ipairs(reserved) do redis.call('DEL', reservation) end
if token ~= '' then
  -- The owner of the lock has left the queue.
  if is_held(KEYS[2], token) then hand_over(KEYS[2], KEYS[3], KEYS[4]) else redis.call('ZREM', KEYS[3], token) end
end
return applied()
