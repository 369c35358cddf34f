-- KEYS record lock waiters wake  ARGV prefix act token reserve ttl max, then five lists, each behind its length:
--   users {name, act, number, fields}, logins {user, login, entry} and sessions {record, generation, login}, as the
--   snapshot has shown them; changes {name, arguments...}; events {realm, event}
-- -> {1, fields of the last user} applied, {0} something has changed since the snapshot, {0, left} and another act goes first
-- Carries out what was decided, all of it or nothing; it knows no rule. Sent twice it is applied once.
local RESERVATION_MS = 1000
local prefix, act, token = ARGV[1], ARGV[2], ARGV[3]
local write_event = event_writer(prefix, tonumber(ARGV[5]), tonumber(ARGV[6]))
local at = 6
local function argument()
  at = at + 1
  return ARGV[at]
end
local function each(do_one)
  for _ = 1, tonumber(argument()) do do_one() end
end
local function key_of_user(name) return prefix .. 'u:' .. name end
-- While it exists, only the act that it names may change the user.
local function reservation_key(name) return prefix .. 'a:' .. name end

local users, newcomers, is_done, has_changed, reserved_for = {}, {}, false, false, nil
-- What a caller learns of the act's user.
local function applied()
  local last = users[#users]
  return { 1, last and redis.call('HLEN', key_of_user(last)) or 0 }
end
each(function()
  local name, seen, number, fields = argument(), argument(), argument(), argument()
  users[#users + 1] = name
  if number == '' then newcomers[#newcomers + 1] = name end
  local found = redis.call('HMGET', key_of_user(name), 'v', 'n')
  if found[1] == act then is_done = true end
  if (found[1] or '') ~= seen or (found[2] or '') ~= number then has_changed = true end
  if tostring(redis.call('HLEN', key_of_user(name))) ~= fields then has_changed = true end
  local reserved = redis.call('GET', reservation_key(name))
  if reserved and reserved ~= act then reserved_for = reservation_key(name) end
end)
-- An older rsso changes an entry without a trace at the user.
each(function()
  local name, login, entry = argument(), argument(), argument()
  if redis.call('HGET', key_of_user(name), login) ~= entry then has_changed = true end
end)
each(function()
  local record, generation, login = argument(), argument(), argument()
  local found = read_tail(record)
  if generation ~= (found and found.generation or '') or login ~= (found and found.login or '') then has_changed = true end
end)
if is_done then return applied() end
if reserved_for then return { 0, redis.call('PTTL', reserved_for) } end
if has_changed then
  if ARGV[4] == '1' then
    for _, name in ipairs(users) do redis.call('SET', reservation_key(name), act, 'PX', RESERVATION_MS) end
  end
  return { 0 }
end

local changes = {}
function changes.none() end
-- A user's fields. The key outlives the user's sessions by an hour.
function changes.save()
  local key = key_of_user(argument())
  redis.call('HSET', key, 'r', argument(), 'h', argument(), 'n', argument(), 'w', argument(), 'c', argument(),
    'x', argument(), 'W', argument(), 'C', argument(), 'X', argument())
  extend_key(key, 3600000)
end
function changes.remove_login()
  local key, login = key_of_user(argument()), argument()
  redis.call('HDEL', key, login)
  redis.call('ZREM', order_key(prefix, key), login)
end
function changes.create()
  local record, version, ttl = argument(), argument(), argument()
  redis.call('SET', record, 'R1S' .. version, 'PX', ttl, 'NX')
end
function changes.copy()
  local from, to, version, ttl = argument(), argument(), argument(), argument()
  redis.call('COPY', from, to)
  set_version(to, version)
  redis.call('PEXPIRE', to, ttl)
end
function changes.remove()
  local record, generation = argument(), argument()
  local found = read_tail(record)
  if found and found.generation == generation then redis.call('DEL', record) end
end
-- With a number the login is put into the order of the user's logins.
function changes.bind()
  local record, user, login, entry, text, number = argument(), argument(), argument(), argument(), argument(), argument()
  local key = key_of_user(user)
  redis.call('HSET', key, login, entry)
  extend_user(record, user, redis.call('PTTL', record))
  bind_login(record, read_tail(record), login, user, text, 'L')
  if number == '' then return end
  local order = order_key(prefix, key)
  redis.call('ZADD', order, number, login)
  redis.call('PEXPIRE', order, redis.call('PTTL', key))
end
function changes.unbind() unbind_login(argument()) end
function changes.retire()
  local record, grace = argument(), tonumber(argument())
  retire_record(record)
  if redis.call('PTTL', record) > grace then redis.call('PEXPIRE', record, grace) end
end
function changes.add_tombstone()
  local record, kick, ttl = argument(), argument(), argument()
  redis.call('SET', tombstone_key(record), kick, 'PX', ttl)
end
function changes.remove_tombstone()
  redis.call('DEL', tombstone_key(argument()))
end

-- What is left of a user whose key was removed or evicted.
for _, name in ipairs(newcomers) do redis.call('DEL', order_key(prefix, key_of_user(name))) end
each(function() changes[argument()]() end)
each(function()
  local realm, event = argument(), argument()
  write_event(realm, event)
end)
for _, name in ipairs(users) do
  redis.call('HSET', key_of_user(name), 'v', act)
  if redis.call('GET', reservation_key(name)) == act then redis.call('DEL', reservation_key(name)) end
end
if token ~= '' then
  -- The owner of the lock has left the queue.
  if is_held(KEYS[2], token) then hand_over(KEYS[2], KEYS[3], KEYS[4]) else redis.call('ZREM', KEYS[3], token) end
end
return applied()
