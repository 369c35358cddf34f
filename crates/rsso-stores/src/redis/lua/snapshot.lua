-- KEYS none  ARGV prefix record target user logins newest any oldest oldest_from act reservation...
-- -> {1, now, session, target, user, total, oldest, login...}; nil for what is not there or was not asked for
-- -> {0} another act goes first (reserve.lua)
-- Reads what an act on logins needs; it knows no rule. A user's key is a hash:
--   n  the number of the newest login
--   r  the realm; h  source and subject of the user's events, as members of a JSON object
--   w, c, x  the minute of storm detection: when it began, replacements in it, whether a limit was passed
--   W, C, X  the hour
--   v  the act that changed the user last
--   a login's id -> {n: its number, d: device, i: identity (JSON), m: metadata (JSON), s: its sessions,
--                    b: the session that it was claimed from, a: when, in milliseconds}
-- The key with `o:` instead of `u:` is a sorted set of the logins that were claimed without a limit, by number. It
-- shows the oldest without a look at the others.
-- A login lives while a record of one of its sessions names it.
local prefix, which = ARGV[1], ARGV[5]
local FIELDS = { 'r', 'h', 'n', 'w', 'c', 'x', 'W', 'C', 'X', 'v' }

-- {name, fields..., how many fields the hash has}; nil for a user who is not known.
local function user_state(name)
  local key = prefix .. 'u:' .. name
  local state = redis.call('HMGET', key, unpack(FIELDS))
  if not state[1] then return false end
  table.insert(state, 1, name)
  state[#FIELDS + 2] = redis.call('HLEN', key)
  return state
end

-- Adds {session, state, generation, milliseconds left} if the session is the login's and lives.
local function add_session(state, session)
  local record = prefix .. '{' .. session .. '}:d'
  local found = read_tail(record)
  if not (found and found.login == state[1]) then return end
  local at = #state
  state[at + 1], state[at + 2], state[at + 3] = session, found.state, found.generation
  state[at + 4] = redis.call('PTTL', record)
end

-- {id, entry, (session, state, generation, milliseconds left) of each live session...}
local function login_state(id, entry)
  local state = { id, entry }
  -- As login_entry.rs writes it, without reading all of it. No session's name has a bracket.
  local sessions = string.match(entry, '^{"s":%[([^%[%]\\]*)%]')
  if sessions then
    for session in string.gmatch(sessions, '"([^"]*)"') do add_session(state, session) end
  else
    for _, session in ipairs(cjson.decode(entry).s) do add_session(state, session) end
  end
  return state
end

-- {generation, revision, user, login} of a live session; without the last two if it has no login.
local function session_state(record)
  local found = record ~= '' and read_live(record)
  if not found then return false end
  if not found.login then return { found.generation, found.revision } end
  return { found.generation, found.revision, user_state(found.user), login_state(found.login, found.entry) }
end

-- The order lacks logins that were claimed under a limit, or was evicted.
local function restore_order(key, order, user)
  local count = user[#FIELDS + 2]
  for at = 2, #FIELDS + 1 do
    if user[at] then count = count - 1 end
  end
  if count <= redis.call('ZCARD', order) then return end
  local all = redis.call('HGETALL', key)
  for at = 1, #all, 2 do
    if #all[at] == 26 then redis.call('ZADD', order, cjson.decode(all[at + 1]).n, all[at]) end
  end
end

local reply = { 1, now_ms(), session_state(ARGV[2]), session_state(ARGV[3]), false, 0, 0 }
if ARGV[4] == '' then return reply end
local key = prefix .. 'u:' .. ARGV[4]
if which == 'all' then
  local all, others = redis.call('HGETALL', key), {}
  for at = 1, #all, 2 do
    if #all[at] == 26 then
      reply[#reply + 1] = login_state(all[at], all[at + 1])
    else
      others[all[at]] = all[at + 1]
    end
  end
  reply[6] = #reply - 7
  reply[7] = reply[6]
  if not others[FIELDS[1]] then return { 1, reply[2], reply[3], reply[4], false, 0, 0 } end
  local user = { ARGV[4] }
  for at, field in ipairs(FIELDS) do user[at + 1] = others[field] or false end
  user[#FIELDS + 2] = #all / 2
  reply[5] = user
  return reply
end
local user = user_state(ARGV[4])
reply[5] = user
if not user or which == '' then return reply end

local order = order_key(prefix, key)
restore_order(key, order, user)
local newest, any, oldest, oldest_from = ARGV[6], ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
local function add(id)
  local entry = redis.call('HGET', key, id)
  if entry then reply[#reply + 1] = login_state(id, entry) else redis.call('ZREM', order, id) end
end
local total = redis.call('ZCARD', order)
if oldest_from > 0 and total >= oldest_from then
  for _, id in ipairs(redis.call('ZRANGE', order, 0, oldest - 1)) do add(id) end
end
reply[6], reply[7] = total, #reply - 7
for _, id in ipairs(redis.call('ZREVRANGE', order, 0, newest - 1)) do add(id) end
local some = redis.call('HRANDFIELD', key, any, 'WITHVALUES')
for at = 1, #some, 2 do
  if #some[at] == 26 then reply[#reply + 1] = login_state(some[at], some[at + 1]) end
end
return reply
