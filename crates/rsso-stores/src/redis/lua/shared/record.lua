-- What scripts share that read a record.
local TRAILER, BINDING = 27, 69
local TAIL_START = '-96' -- both, as text: a number would be formatted at each call
local NO_LOGIN = '--------------------------'

-- State, generation, revision, login and user of a record; nil if there is none.
local function read_tail(record)
  local bytes = redis.call('GETRANGE', record, TAIL_START, '-1')
  if bytes == '' then return nil end
  local state = string.sub(bytes, -25, -25)
  local found = { state = state, generation = string.sub(bytes, -24, -17), revision = string.sub(bytes, -16) }
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

-- A user's key outlives the user's sessions by an hour. So it need not be extended each time, and a user who comes
-- back is told what has expired.
local function extend_key(key, ttl)
  if redis.call('PTTL', key) >= ttl then return false end
  return redis.call('PEXPIRE', key, ttl + 3600000)
end
-- Extends a user's key, and the order of the user's logins if there is one.
local function extend_user(record, user, ttl)
  local key = user_key(record, user)
  if extend_key(key, ttl) then redis.call('PEXPIRE', order_key(prefix_of(record), key), ttl + 3600000) end
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
