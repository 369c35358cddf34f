-- What the scripts share. Keys of one session, all in one hash slot:
--   d  the record: PHP's data; 'L' and 'G' records then login (26) and user (43); then a trailer of 27
--      bytes: 'R1', state, generation (8), revision (16)
--   l  the lock: the owner's token (16 bytes) and who that is; or 'reserved' for the waiter being woken
--   n  the waiters: token -> time at which it gives up
--   w  the list on which the waiters block; one element wakes the one that has waited longest
--   t  the tombstone of a kicked session
-- States: 'S' a session; 'L' one with a login; 'G' one whose id was rotated: it is not refreshed.
local HANDOVER = 2000

local function now()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
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
