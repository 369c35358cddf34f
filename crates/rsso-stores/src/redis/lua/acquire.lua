-- KEYS d l n w  ARGV token owner ttl waiting wait only_existing -> {1, detail, left} granted, {2, detail} no record, {0, lock} taken
local d, l, n, w = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, ttl, waiting, wait = ARGV[1], tonumber(ARGV[3]), ARGV[4] == '1', tonumber(ARGV[5])
local found = alive(d)
if ARGV[6] == '1' and not found then
  if waiting then redis.call('ZREM', n, token) end
  if held(l, token) or (waiting and redis.call('GET', l) == 'reserved') then hand_over(l, n, w) end
  return { 2, detail(d, found) }
end
local mine, lock = token .. ARGV[2], nil
local free = redis.call('SET', l, mine, 'NX', 'PX', ARGV[3])
if not free then
  lock = redis.call('GET', l)
  free = string.sub(lock, 1, 16) == token
end
if lock == 'reserved' then
  -- An element still in the list means that nobody was there to be woken. A waiter that sees none
  -- is the one that took it.
  free = redis.call('LPOP', w) or waiting
end
if free then
  if lock then redis.call('SET', l, mine, 'PX', ARGV[3]) end
  if waiting then redis.call('ZREM', n, token) end
  if not found then return { 1, detail(d, found) } end
  -- What is being used does not expire.
  local left = redis.call('PTTL', d)
  if left >= 0 and left < ttl and found.state ~= 'G' then
    redis.call('PEXPIRE', d, ttl)
    left = false -- not what PHP asked for
  end
  if found.login then keep_user(d, found.user, ttl) end
  return { 1, detail(d, found), left }
end
if wait > 0 then
  redis.call('ZADD', n, now() + wait, token)
  if redis.call('PTTL', n) < wait + 1000 then redis.call('PEXPIRE', n, wait + 1000) end
end
return { 0, lock }
