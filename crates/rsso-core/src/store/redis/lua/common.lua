-- What the scripts share. Keys of one session, all in one hash slot:
--   d  the record: PHP's data; 'L' and 'G' records then login (26) and user (43); then a trailer of 27
--      bytes: 'R1', state, generation (8), revision (16)
--   l  the lock: the owner's token (16 bytes) and who that is; or 'reserved' for the waiter being woken
--   n  the waiters: token -> time at which it gives up
--   w  the list on which the waiters block; one element wakes the one that has waited longest
--   t  the tombstone of a kicked session
-- States: 'S' a session; 'L' one with a login; 'G' one whose id was rotated: it is not refreshed.
local TRAILER, BINDING = 27, 69
local NOBODY = string.rep('-', 26)
local HANDOVER = 2000

local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- The end of a record; nil where there is none.
local function tail(d)
  local bytes = redis.call('GETRANGE', d, -TRAILER - BINDING, -1)
  if bytes == '' then return nil end
  local fixed = string.sub(bytes, -TRAILER)
  local state = string.sub(fixed, 3, 3)
  local found = { state = state, generation = string.sub(fixed, 4, 11), revision = string.sub(fixed, 12) }
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
  if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, ttl + 3600000) end
end
local function keep_user(d, user, ttl) keep_key(user_key(d, user), ttl) end

-- What a reader learns beside the data: the session's login, or why there is no session.
local function detail(d, found)
  if not found then return redis.call('GET', tombstone_key(d)) or '' end
  if not found.login then return '' end
  local entry = redis.call('HGET', user_key(d, found.user), found.login)
  return entry and found.state .. found.user .. entry or ''
end

local function held(l, token)
  local lock = redis.call('GET', l)
  return lock and string.sub(lock, 1, 16) == token
end

-- Frees the lock, or keeps it for the waiter that it wakes: a newcomer cannot get in between.
local function hand_over(l, n, w)
  if redis.call('EXISTS', n) == 1 then
    redis.call('ZREMRANGEBYSCORE', n, '-inf', now())
    if redis.call('ZCARD', n) > 0 then
      redis.call('SET', l, 'reserved', 'PX', HANDOVER)
      redis.call('DEL', w)
      redis.call('RPUSH', w, '1')
      redis.call('PEXPIRE', w, HANDOVER)
      return
    end
  end
  redis.call('DEL', l)
end
