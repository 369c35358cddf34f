-- KEYS record lock waiters wake  ARGV token owner ttl waiting wait only_existing
-- -> {1, detail, left} granted, {2, detail} no record, {0, lock} another request holds the lock
local record, lock, waiters, wake = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, ttl, waiting, wait = ARGV[1], tonumber(ARGV[3]), ARGV[4] == '1', tonumber(ARGV[5])
local found = read_live(record)
if ARGV[6] == '1' and not found then
  if waiting then redis.call('ZREM', waiters, token) end
  if is_held(lock, token) or (waiting and redis.call('GET', lock) == 'reserved') then hand_over(lock, waiters, wake) end
  return { 2, detail(record, found) }
end
local own_value, granted, value = token .. ARGV[2], nil, nil
if waiting then value = redis.call('GET', lock) else granted = redis.call('SET', lock, own_value, 'NX', 'PX', ARGV[3]) end
if not granted then
  value = value or redis.call('GET', lock)
  if value == 'reserved' then
    -- A waiter was woken. An element that is still in the list: nobody was there to be woken.
    granted = waiting or redis.call('LPOP', wake)
  else
    granted = not value or string.sub(value, 1, 16) == token
  end
  if granted then redis.call('SET', lock, own_value, 'PX', ARGV[3]) end
end
if granted then
  if waiting then redis.call('ZREM', waiters, token) end
  if not found then return { 1, detail(record, found) } end
  -- A session does not expire while it is in use.
  local left = redis.call('PTTL', record)
  if left >= 0 and left < ttl and found.state ~= 'G' then
    redis.call('PEXPIRE', record, ttl)
    left = false -- this is not the expiry that PHP asked for
  end
  if found.login then with_logins().extend(record, found, ttl) end
  return { 1, detail(record, found), left }
end
if wait > 0 then join_queue(waiters, token, wait) end
return { 0, value }
