-- What the scripts share that look into a record.
local TRAILER, BINDING = 27, 69
local END = '-96' -- both, as text: a number would be formatted at each call
local NOBODY = '--------------------------'

-- The end of a record; nil where there is none.
local function tail(d)
  local bytes = redis.call('GETRANGE', d, END, '-1')
  if bytes == '' then return nil end
  local state = string.sub(bytes, -25, -25)
  local found = { state = state, generation = string.sub(bytes, -24, -17), revision = string.sub(bytes, -16) }
  if state ~= 'S' and #bytes == TRAILER + BINDING then
    local login = string.sub(bytes, 1, 26)
    if login ~= NOBODY then
      found.login = login
      found.user = string.sub(bytes, 27, BINDING)
    end
  end
  return found
end

local function prefix_of(d) return string.match(d, '^[^{]*') end
local function user_key(d, user) return prefix_of(d) .. 'u:' .. user end
local function tombstone_key(d) return string.sub(d, 1, -2) .. 't' end

-- A user's key lives longer than any session that has a login of the user: an hour, so that it is
-- not put off each time, and so that who comes back is told of what has expired.
local function keep_key(key, ttl)
  if redis.call('PTTL', key) >= ttl then return false end
  return redis.call('PEXPIRE', key, ttl + 3600000)
end
local function order_key(prefix, user) return prefix .. 'o:' .. string.sub(user, #prefix + 3) end
-- And the order of the user's logins, where it is kept, as long as they are.
local function keep_user(d, user, ttl)
  local key = user_key(d, user)
  if keep_key(key, ttl) then redis.call('PEXPIRE', order_key(prefix_of(d), key), ttl + 3600000) end
end

-- The end of a record, with the entry of its login; nil where there is none. A record that names a login
-- which is not there has ended: the user's key was removed or evicted, and no kick would find the session.
local function alive(d)
  local found = tail(d)
  if found and found.login then
    found.entry = redis.call('HGET', user_key(d, found.user), found.login)
    if not found.entry then
      -- Who may not write, or where nobody may, treats it as ended all the same.
      redis.pcall('DEL', d)
      return nil
    end
  end
  return found
end

-- What a reader learns beside the data: the session's login, or why there is no session.
local function detail(d, found)
  if not found then return redis.call('GET', tombstone_key(d)) or '' end
  return found.login and found.state .. found.user .. found.entry or ''
end
