-- What scripts share that read a record.
local TRAILER, BINDING, SIZES = 27, 69, 12
local TAIL_START = '-96' -- trailer and binding, as text: a number would be formatted at each call
local NO_LOGIN = '--------------------------'

-- Magic, state, generation, revision, login and user of a record; nil if there is none.
local function read_tail(record)
  local bytes = redis.call('GETRANGE', record, TAIL_START, '-1')
  if bytes == '' then return nil end
  local state = string.sub(bytes, -25, -25)
  local found = {
    magic = string.sub(bytes, -27, -26), state = state,
    generation = string.sub(bytes, -24, -17), revision = string.sub(bytes, -16),
  }
  if state ~= 'S' and #bytes == TRAILER + BINDING then
    local login = string.sub(bytes, 1, 26)
    if login ~= NO_LOGIN then
      found.login = login
      found.user = string.sub(bytes, 27, BINDING)
    end
  end
  return found
end

local function prefix_of(record) return string.match(record, '^[^{]*') end
local function user_key(record, user) return prefix_of(record) .. 'u:' .. user end
local function tombstone_key(record) return string.sub(record, 1, -2) .. 't' end
local function order_key(prefix, user) return prefix .. 'o:' .. string.sub(user, #prefix + 3) end

-- A user's key outlives the user's sessions by an hour, and is extended when ten minutes of it are left. So it need
-- not be extended each time, and a user who comes back is told what has expired.
-- Returns for how long the key lives then, and whether it was extended; `left` is for how long it lived, if that is known.
local function extend_key(key, ttl, left)
  left = left or redis.call('PTTL', key)
  if left >= ttl + 600000 then return left, false end
  if redis.call('PEXPIRE', key, ttl + 3600000) == 0 then return 0, false end
  return ttl + 3600000, true
end
-- Extends a user's key, and the order of the user's logins if there is one. Returns for how long the key lives then.
local function extend_user(record, user, ttl, left)
  local key, is_extended = user_key(record, user), nil
  left, is_extended = extend_key(key, ttl, left)
  if is_extended then redis.call('PEXPIRE', order_key(prefix_of(record), key), left) end
  return left
end

-- Until when a user's key lives that lives for so long, on the server's clock; as in a record.
local function lives_until(left) return now_ms() + math.max(left, 0) end

-- What a record of format 2 holds of its login; see record.rs. `entry` is login_entry's; the user's key lives for `left`.
local function login_block(entry, login, user, left)
  return entry .. struct.pack('>I4I8', #entry, lives_until(left)) .. login .. user
end

-- Identity and metadata of a login, as in a record.
local function login_entry(identity, more) return identity .. '\n' .. more end

-- The entry that a record holds; of an old record, from the user's key (`found.entry`).
local function entry_of(record, found)
  if found.magic == 'R1' then
    local stored = cjson.decode(found.entry)
    return login_entry(stored.i, stored.m)
  end
  local size = struct.unpack('>I4', redis.call('GETRANGE', record, -TRAILER - BINDING - SIZES, -TRAILER - BINDING - 1))
  local stop = -TRAILER - BINDING - SIZES - 1
  return redis.call('GETRANGE', record, stop - size + 1, stop)
end

-- Writes a login into an existing record, in place of what it has. The user's key lives for `left`, which is enough.
local function bind_login(record, found, login, user, entry, state, left)
  local length = found.length or redis.call('STRLEN', record)
  local at = length - TRAILER
  if found.state ~= 'S' then
    at = at - BINDING
    if found.magic == 'R2' then at = at - SIZES - struct.unpack('>I4', redis.call('GETRANGE', record, at - SIZES, at - 1)) end
  end
  -- A record cannot be cut without a copy of the data. Spaces behind JSON mean nothing.
  local surplus = length - (at + #entry + SIZES + BINDING + TRAILER)
  if surplus > 0 then entry = entry .. string.rep(' ', surplus) end
  redis.call('SETRANGE', record, at, login_block(entry, login, user, left) .. 'R2' .. state .. found.generation .. found.revision)
end

-- Takes the login from a record that has one. What was said of it goes at the next write.
local function unbind_login(record)
  local found = read_tail(record)
  if not (found and found.login) then return end
  redis.call('SETRANGE', record, redis.call('STRLEN', record) - TRAILER - BINDING, NO_LOGIN)
end

-- Extends the user's key for a record with a login, and notes in the record until when it lives. An old record becomes
-- one of format 2.
local function extend_login(record, found, ttl)
  local left = extend_user(record, found.user, ttl)
  if found.magic == 'R1' then
    bind_login(record, found, found.login, found.user, entry_of(record, found), found.state, left)
  else
    redis.call('SETRANGE', record, redis.call('STRLEN', record) - TRAILER - BINDING - 8, struct.pack('>I8', lives_until(left)))
  end
end

-- As read_tail, with the entry of the record's login. A record whose login is missing has ended: the user's key was
-- removed or evicted, and no kick would find the session.
local function read_live(record)
  local found = read_tail(record)
  if found and found.login then
    found.entry = redis.call('HGET', user_key(record, found.user), found.login)
    if not found.entry then
      -- It has ended even if the server or the ACL allows no DEL.
      redis.pcall('DEL', record)
      return nil
    end
  end
  return found
end

-- What a reader learns beside the data: the session's login, or the tombstone if there is no session.
local function detail(record, found)
  if not found then return redis.call('GET', tombstone_key(record)) or '' end
  return found.login and found.state .. found.user .. found.entry or ''
end

local function record_key(prefix, session) return prefix .. '{' .. session .. '}:d' end

-- Gives a record with a login another version; its id was not rotated.
local function set_version(record, version)
  local found = read_tail(record)
  redis.call('SETRANGE', record, redis.call('STRLEN', record) - TRAILER, found.magic .. 'L' .. version)
end

-- Marks a record with a login as one whose id was rotated.
local function retire_record(record)
  redis.call('SETRANGE', record, redis.call('STRLEN', record) - TRAILER + 2, 'G')
end
