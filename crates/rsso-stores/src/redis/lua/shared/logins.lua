-- What scripts about logins share. A user's key is a hash:
--   n  the number of the newest login
--   r  the realm; h  source and subject of the user's events, as members of a JSON object
--   w, c, x  the minute of storm detection: when it began, replacements in it, whether a storm was found
--   W, C, X  the hour
--   a login's id -> {n: its number, d: device, i: identity (JSON), m: more (JSON), s: its sessions,
--                    b: the session that it was claimed from, a: when, in milliseconds}
-- The key with `o:` instead of `u:` is a sorted set of the logins that were claimed without a limit, by number. It
-- shows the oldest without a look at the others.
-- A login lives while a record of one of its sessions names it.

-- Ends of logins stay in the outbox for longer than other events.
local LOGIN_ENDS = { ['io.rsso.login.kicked.v1'] = true, ['io.rsso.login.released.v1'] = true, ['io.rsso.login.expired.v1'] = true }
local ULID_DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

local function record_key(prefix, session) return prefix .. '{' .. session .. '}:d' end

-- What the events of one script share: stem of their ids; time as RFC 3339 and in milliseconds; how long events are
-- kept, and how many.
local function new_events(id_stem, time, at, retention)
  local ttl, max = string.match(retention, '(%d+) (%d+)')
  return { id_stem = id_stem, time = time, at = at, ttl = tonumber(ttl), max = tonumber(max), trimmed = {}, count = 0 }
end

local function remove_login(prefix, user, id)
  redis.call('HDEL', user, id)
  redis.call('ZREM', order_key(prefix, user), id)
end

local function event_data(identity, members) return string.sub(identity, 1, -2) .. ',' .. members .. '}' end

-- The id of event `number`, as `Moment` makes it. The last four characters count, and carry into the stem.
local function event_id(stem, number)
  local at, id = 26, ''
  while at > #stem or number > 0 do
    local digit = number % 32
    number = (number - digit) / 32
    if at <= #stem then
      digit = digit + string.find(ULID_DIGITS, string.sub(stem, at, at), 1, true) - 1
      if digit >= 32 then digit, number = digit - 32, number + 1 end
    end
    id, at = string.sub(ULID_DIGITS, digit + 1, digit + 1) .. id, at - 1
  end
  return string.sub(stem, 1, at) .. id
end

-- Removes some events of an outbox that has too many. Ends of logins move to the key `ends` with their ids.
local function trim_surplus(events, key, ends)
  local length = redis.pcall('XLEN', key)
  if type(length) == 'table' then
    -- The ACL does not allow XLEN: ends are trimmed like other events.
    redis.call('XTRIM', key, 'MAXLEN', '~', events.max)
    return
  end
  local surplus = math.min(length - events.max, 200)
  if surplus < 1 or surplus < events.max / 1000 then return end
  local moved, old = false, redis.call('XRANGE', key, '-', '+', 'COUNT', surplus + 1)
  for at = 1, surplus do
    local event = old[at][2][2]
    if LOGIN_ENDS[event and string.match(event, '^{"specversion":"1.0","id":"%w+","type":"([%w.]+)"') or ''] then
      -- It fails if the key is no stream, or holds a newer id: of another outbox.
      redis.pcall('XADD', ends, 'MAXLEN', '~', events.max, old[at][1], 'event', event)
      moved = true
    end
  end
  redis.call('XTRIM', key, 'MINID', old[surplus + 1][1])
  if moved then
    redis.pcall('XTRIM', ends, 'MINID', '~', now_ms() - events.ttl)
    redis.call('PEXPIRE', ends, events.ttl)
  end
end

local function emit(events, prefix, realm, origin, event_type, data)
  local id = event_id(events.id_stem, events.count)
  events.count = events.count + 1
  local event = '{"specversion":"1.0","id":"' .. id .. '","type":"' .. event_type .. '",' .. origin .. ',"time":"' .. events.time
    .. '","datacontenttype":"application/json","data":' .. data .. '}'
  local key = prefix .. 'e:' .. realm
  redis.call('XADD', key, '*', 'event', event)
  if events.count % 100 == 1 then trim_surplus(events, key, prefix .. 'k:' .. realm) end
  if events.trimmed[key] then return end
  events.trimmed[key] = true
  redis.call('XTRIM', key, 'MINID', '~', now_ms() - events.ttl)
  redis.call('PEXPIRE', key, events.ttl)
end

-- The members of an event's data that name a reason and no other login.
local function reason_members(events, reason, code)
  return '"reason":"' .. reason .. '",' .. (code and '"code":' .. code .. ',' or '') .. '"at":' .. events.at
end

-- How long a login still lives, in milliseconds; nil if it is dead.
local function time_left(prefix, id, entry)
  local longest
  for _, session in ipairs(entry.s) do
    local record = record_key(prefix, session)
    local found = read_tail(record)
    if found and found.login == id then longest = math.max(longest or 0, redis.call('PTTL', record)) end
  end
  return longest
end

-- The user's live logins, {id, entry, left}, by number. The dead are passed to `on_dead`.
local function live_logins(prefix, user, on_dead)
  local every, live, all = {}, {}, redis.call('HGETALL', user)
  for at = 1, #all, 2 do
    if #all[at] == 26 then every[#every + 1] = { id = all[at], entry = cjson.decode(all[at + 1]) } end
  end
  table.sort(every, function(a, b) return a.entry.n < b.entry.n end)
  for _, login in ipairs(every) do
    login.left = time_left(prefix, login.id, login.entry)
    if login.left then
      live[#live + 1] = login
    elseif on_dead then
      on_dead(login.id, login.entry)
    end
  end
  return live
end

-- A function that removes a dead login and emits its event.
local function dead_login_remover(events, prefix, user, realm, origin)
  return function(id, entry)
    remove_login(prefix, user, id)
    emit(events, prefix, realm, origin, 'io.rsso.login.expired.v1', event_data(entry.i, reason_members(events, 'expired', -3)))
  end
end

-- Removes a login and the records of its sessions, except `kept`. Each record is replaced by the tombstone, if one is
-- given, and by `empty` {version, ttl}: an empty session for requests that are under way.
local function end_login(prefix, user, id, entry, kept, tombstone, tombstone_ttl, empty)
  for _, session in ipairs(entry.s) do
    local record = record_key(prefix, session)
    local found = record ~= kept and read_tail(record)
    if found and found.login == id then
      redis.call('DEL', record)
      if tombstone then redis.call('SET', tombstone_key(record), tombstone, 'PX', tombstone_ttl) end
      if empty then redis.call('SET', record, 'R1S' .. empty.version, 'PX', empty.ttl) end
    end
  end
  remove_login(prefix, user, id)
end

-- Ends a login on behalf of its own browser.
local function end_own_login(events, prefix, user, id, entry, kept, reason, empty)
  end_login(prefix, user, id, entry, kept, nil, nil, empty)
  local about = redis.call('HMGET', user, 'r', 'h')
  emit(events, prefix, about[1], about[2], 'io.rsso.login.released.v1', event_data(entry.i, reason_members(events, reason)))
end

-- Ends the login of a record on behalf of its own session. False if the user has no such login.
local function release_login(events, record, found, kept, reason, empty)
  local prefix, user = prefix_of(record), user_key(record, found.user)
  local stored = redis.call('HGET', user, found.login)
  if not stored then return false end
  end_own_login(events, prefix, user, found.login, cjson.decode(stored), kept, reason, empty)
  return true
end

-- Writes login and user into an existing record.
local function bind_login(record, found, login, user)
  local length = redis.call('STRLEN', record)
  local trailer = 'R1L' .. found.generation .. found.revision
  local at = length - TRAILER
  if found.state ~= 'S' then at = at - BINDING end
  redis.call('SETRANGE', record, at, login .. user .. trailer)
end
