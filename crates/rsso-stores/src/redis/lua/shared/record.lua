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
