-- What the scripts about logins share. A user's key is a hash:
--   n  the number of the login that was claimed last
--   r  the realm; h  source and subject of the user's events, as members of a JSON object
--   w, c, x  the minute's storm: since when replacements are counted, how many, whether it rages
--   W, C, X  the hour's
--   a login's id -> {n: its number, d: device, i: identity (JSON), m: more (JSON), s: its sessions,
--                    b: the session that it was born of, a: when it was claimed, in milliseconds}
-- Beside it, `o:` instead of `u:`, is a sorted set of the logins that were claimed without a limit, by number: the
-- oldest are found there without a look at the others.
-- A login lives while a record of one of its sessions names it.

-- What tells of a login's end outlives its neighbours in the outbox: see `event::Retention`.
local ENDS = { ['io.rsso.login.kicked.v1'] = true, ['io.rsso.login.released.v1'] = true, ['io.rsso.login.expired.v1'] = true }
local DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

local function record_key(prefix, session) return prefix .. '{' .. session .. '}:d' end

-- The act's moment: a stem of event ids, RFC 3339, milliseconds; and how long events are kept, and how many.
local function new_book(stem, time, at, kept)
  local keep, most = string.match(kept, '(%d+) (%d+)')
  return { stem = stem, time = time, at = at, keep = tonumber(keep), most = tonumber(most), kept = {}, count = 0 }
end

local function remove_login(prefix, user, id)
  redis.call('HDEL', user, id)
  redis.call('ZREM', order_key(prefix, user), id)
end

local function data_of(identity, members) return string.sub(identity, 1, -2) .. ',' .. members .. '}' end

-- The id of the act's event with this number, as `Moment::id` makes it: the last four characters count, and
-- carry into the stem.
local function event_id(stem, number)
  local at, id = 26, ''
  while at > #stem or number > 0 do
    local digit = number % 32
    number = (number - digit) / 32
    if at <= #stem then
      digit = digit + string.find(DIGITS, string.sub(stem, at, at), 1, true) - 1
      if digit >= 32 then digit, number = digit - 32, number + 1 end
    end
    id, at = string.sub(DIGITS, digit + 1, digit + 1) .. id, at - 1
  end
  return string.sub(stem, 1, at) .. id
end

-- Forgets what is too many in the outbox, some at a time; the ends among it move to `k:` instead of `e:`, where
-- they have the same ids.
local function forget_surplus(book, key, ends)
  local length = redis.pcall('XLEN', key)
  if type(length) == 'table' then
    -- A user that was not given this right yet: then nothing outlives its neighbours.
    redis.call('XTRIM', key, 'MAXLEN', '~', book.most)
    return
  end
  local surplus = math.min(length - book.most, 200)
  if surplus < 1 or surplus < book.most / 1000 then return end
  local moved, old = false, redis.call('XRANGE', key, '-', '+', 'COUNT', surplus + 1)
  for at = 1, surplus do
    local event = old[at][2][2]
    if ENDS[event and string.match(event, '^{"specversion":"1.0","id":"%w+","type":"([%w.]+)"') or ''] then
      -- It fails where something else stands there, or something newer: of another outbox.
      redis.pcall('XADD', ends, 'MAXLEN', '~', book.most, old[at][1], 'event', event)
      moved = true
    end
  end
  redis.call('XTRIM', key, 'MINID', old[surplus + 1][1])
  if moved then
    redis.pcall('XTRIM', ends, 'MINID', '~', now() - book.keep)
    redis.call('PEXPIRE', ends, book.keep)
  end
end

local function emit(book, prefix, realm, head, kind, data)
  local id = event_id(book.stem, book.count)
  book.count = book.count + 1
  local event = '{"specversion":"1.0","id":"' .. id .. '","type":"' .. kind .. '",' .. head .. ',"time":"' .. book.time
    .. '","datacontenttype":"application/json","data":' .. data .. '}'
  local key = prefix .. 'e:' .. realm
  redis.call('XADD', key, '*', 'event', event)
  if book.count % 100 == 1 then forget_surplus(book, key, prefix .. 'k:' .. realm) end
  if book.kept[key] then return end
  book.kept[key] = true
  redis.call('XTRIM', key, 'MINID', '~', now() - book.keep)
  redis.call('PEXPIRE', key, book.keep)
end

-- The members of an event's data that say why, without a newcomer.
local function because(book, reason, code)
  return '"reason":"' .. reason .. '",' .. (code and '"code":' .. code .. ',' or '') .. '"at":' .. book.at
end

-- For how long a login still lives, in milliseconds; nil if it is dead.
local function time_left(prefix, id, entry)
  local longest
  for _, session in ipairs(entry.s) do
    local d = record_key(prefix, session)
    local found = tail(d)
    if found and found.login == id then longest = math.max(longest or 0, redis.call('PTTL', d)) end
  end
  return longest
end

-- The user's live logins, {id, entry, left}, in the order of their numbers. The dead go to `bury_dead`.
local function live_logins(prefix, user, bury_dead)
  local every, live, all = {}, {}, redis.call('HGETALL', user)
  for at = 1, #all, 2 do
    if #all[at] == 26 then every[#every + 1] = { id = all[at], entry = cjson.decode(all[at + 1]) } end
  end
  table.sort(every, function(a, b) return a.entry.n < b.entry.n end)
  for _, login in ipairs(every) do
    login.left = time_left(prefix, login.id, login.entry)
    if login.left then
      live[#live + 1] = login
    elseif bury_dead then
      bury_dead(login.id, login.entry)
    end
  end
  return live
end

-- Removes dead logins, and tells of them.
local function forget_dead(book, prefix, user, realm, head)
  return function(id, entry)
    remove_login(prefix, user, id)
    emit(book, prefix, realm, head, 'io.rsso.login.expired.v1', data_of(entry.i, because(book, 'expired', -3)))
  end
end

-- Ends a login: its sessions but `spared` are removed. What stands under their ids then: a tombstone, or an
-- empty session, `newborn` {version, ttl}, for requests that are under way.
local function end_login(prefix, user, id, entry, spared, tombstone, tombstone_ttl, newborn)
  for _, session in ipairs(entry.s) do
    local d = record_key(prefix, session)
    local found = d ~= spared and tail(d)
    if found and found.login == id then
      redis.call('DEL', d)
      if tombstone then redis.call('SET', tombstone_key(d), tombstone, 'PX', tombstone_ttl) end
      if newborn then redis.call('SET', d, 'R1S' .. newborn.version, 'PX', newborn.ttl) end
    end
  end
  remove_login(prefix, user, id)
end

-- Ends a login by its own browser's doing.
local function end_own(book, prefix, user, id, entry, spared, reason, newborn)
  end_login(prefix, user, id, entry, spared, nil, nil, newborn)
  local about = redis.call('HMGET', user, 'r', 'h')
  emit(book, prefix, about[1], about[2], 'io.rsso.login.released.v1', data_of(entry.i, because(book, reason)))
end

-- Ends the login that a record has, by its own session's doing.
local function release_login(book, d, found, spared, reason, newborn)
  local prefix, user = prefix_of(d), user_key(d, found.user)
  local stored = redis.call('HGET', user, found.login)
  if not stored then return false end
  end_own(book, prefix, user, found.login, cjson.decode(stored), spared, reason, newborn)
  return true
end

-- Writes login and user into a record that exists.
local function bind(d, found, login, user)
  local length = redis.call('STRLEN', d)
  local rest = 'R1L' .. found.generation .. found.revision
  local at = length - TRAILER
  if found.state ~= 'S' then at = at - BINDING end
  redis.call('SETRANGE', d, at, login .. user .. rest)
end
