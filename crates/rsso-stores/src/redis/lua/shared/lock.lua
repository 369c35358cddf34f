-- What all scripts share. The keys of one session, in one hash slot, by their last letter:
--   d  the record: PHP's data; in the states L and G then the login (record.rs); then a trailer of 27 bytes:
--      'R1' or 'R2', state, generation (8), revision (16)
--   l  the lock: its owner's token (16 bytes) and connection; or 'reserved' for the waiter that is being woken
--   n  the waiters: token -> time at which it gives up
--   w  the list on which waiters block; one element wakes the one that has waited longest
--   t  the tombstone of a kicked session
-- States: S, a session; L, one with a login; G, one whose id was rotated and whose expiry is not extended.
local HANDOVER_MS = '2000' -- as text: a number would be formatted at each call

local now
local function now_ms()
  if not now then
    local t = redis.call('TIME')
    now = t[1] * 1000 + math.floor(t[2] / 1000)
  end
  return now
end

local function is_held(lock, token)
  local value = redis.call('GET', lock)
  return value and string.sub(value, 1, 16) == token
end

-- Frees the lock, or reserves it for the waiter that it wakes: a newcomer cannot overtake. If all waiters have given
-- up, the element stays in the list, and whoever comes next takes both.
local function hand_over(lock, waiters, wake)
  if redis.call('EXISTS', waiters) == 0 then
    redis.call('DEL', lock)
    return
  end
  if redis.pcall('SET', lock, 'reserved', 'PX', HANDOVER_MS).err then
    -- A full server refuses a script's first write or none: one that is no command for more memory.
    redis.call('DEL', wake)
    redis.call('SET', lock, 'reserved', 'PX', HANDOVER_MS)
  end
  if redis.call('RPUSH', wake, '1') > 1 then
    -- The older element would wake a second waiter.
    redis.call('DEL', wake)
    redis.call('RPUSH', wake, '1')
  end
  redis.call('PEXPIRE', wake, HANDOVER_MS)
end

-- Puts a request into the queue, and removes those that have given up.
local function join_queue(waiters, token, wait)
  redis.call('ZREMRANGEBYSCORE', waiters, '-inf', now_ms())
  redis.call('ZADD', waiters, 'NX', now_ms() + wait, token)
  if redis.call('PTTL', waiters) < wait + 1000 then redis.call('PEXPIRE', waiters, wait + 1000) end
end
