-- Appending events to outboxes.

-- Ends of logins stay in the outbox for longer than other events.
local LOGIN_ENDS = { ['io.rsso.login.kicked.v1'] = true, ['io.rsso.login.released.v1'] = true, ['io.rsso.login.expired.v1'] = true }

-- Removes some events of an outbox that has too many. Ends of logins move to the key `ends` with their ids.
local function trim_surplus(key, ends, ttl, max)
  local length = redis.pcall('XLEN', key)
  if type(length) == 'table' then
    -- The ACL does not allow XLEN: ends are trimmed like other events.
    redis.call('XTRIM', key, 'MAXLEN', '~', max)
    return
  end
  local surplus = math.min(length - max, 200)
  if surplus < 1 or surplus < max / 1000 then return end
  local moved, old = false, redis.call('XRANGE', key, '-', '+', 'COUNT', surplus + 1)
  for at = 1, surplus do
    local event = old[at][2][2]
    if LOGIN_ENDS[event and string.match(event, '^{"specversion":"1.0","id":"%w+","type":"([%w.]+)"') or ''] then
      -- It fails if the key is no stream, or holds a newer id: of another outbox.
      redis.pcall('XADD', ends, 'MAXLEN', '~', max, old[at][1], 'event', event)
      moved = true
    end
  end
  redis.call('XTRIM', key, 'MINID', old[surplus + 1][1])
  if moved then
    redis.pcall('XTRIM', ends, 'MINID', '~', now_ms() - ttl)
    redis.call('PEXPIRE', ends, ttl)
  end
end

-- Appends events to realms' outboxes, which keep so many, for so long. `take` gives their number, then realm and event of
-- each.
local function write_events(prefix, ttl, max, take)
  local trimmed = {}
  for count = 1, tonumber(take(1)) do
    local realm, event = take(2)
    local key = prefix .. 'e:' .. realm
    if trimmed[key] then
      redis.call('XADD', key, '*', 'event', event)
    else
      trimmed[key] = true
      redis.call('XADD', key, 'MINID', '~', now_ms() - ttl, '*', 'event', event)
      redis.call('PEXPIRE', key, ttl)
    end
    if count % 100 == 1 then trim_surplus(key, prefix .. 'k:' .. realm, ttl, max) end
  end
end
