-- KEYS record lock waiters wake user  ARGV: see claim.rs
-- -> {1, version, kick...} claimed, {2, version, state, user, entry} claimed already,
--    {3, reason, entry...} refused, {4} the session has ended
local record, user = KEYS[1], KEYS[5]
local seen, generation, revision, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local login, user_name, device, identity, more = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local max_logins, max_per_device = tonumber(ARGV[10]), tonumber(ARGV[11])
local refuse, idle_first = ARGV[12] == '1', ARGV[13] == '1'
local storm_limit, storm_limit_hour = tonumber(ARGV[14]), tonumber(ARGV[27])
local replaced_members, tombstone_ttl = ARGV[15], ARGV[16]
local realm, origin = ARGV[17], ARGV[18]
local events = new_events(ARGV[19], ARGV[20], ARGV[21], ARGV[22])
local prefix, session = prefix_of(record), ARGV[23]
local grace, claimed_from, claimed_at = tonumber(ARGV[24]), ARGV[25], tonumber(ARGV[26])
local hard_limit, batch = tonumber(ARGV[28]), tonumber(ARGV[29])
-- What the other logins are told of this one; empty if they are told nothing.
local elsewhere_members = ARGV[30]

local found = read_tail(record)
if seen ~= '' and not (found and found.generation == seen) then return { 4 } end
redis.call('HSETNX', user, 'r', realm)
redis.call('HSETNX', user, 'h', origin)

local empty = { version = generation .. revision, ttl = grace }
local remove_dead, order = dead_login_remover(events, prefix, user, realm, origin), order_key(prefix, user)

-- A login whose claim is repeated by this one does not count against it. It ends only if this claim succeeds. The rule
-- is `Claim::repeats`.
local own, others, repeated, candidates = nil, {}, {}, {}
local function is_repeated(entry)
  return claimed_from ~= '' and entry.b == claimed_from and entry.d == device
    and math.abs(tonumber(events.at) - entry.a) < grace
end

-- Without a limit, and if nobody is told, only three kinds of logins are read. These are the session's own; the newest,
-- one of which may be repeated; and some at random, whose dead are removed.
local reads_all = max_logins > 0 or max_per_device > 0 or elsewhere_members ~= ''
local NEWEST = 8
local function own_login_and_repeated()
  local own_id, live = found and found.login, {}
  local function check(id)
    local stored = redis.call('HGET', user, id)
    local entry = stored and cjson.decode(stored)
    local left = entry and (id == own_id or is_repeated(entry)) and time_left(prefix, id, entry)
    if left then live[#live + 1] = { id = id, entry = entry, left = left } end
  end
  if own_id then check(own_id) end
  for _, id in ipairs(redis.call('ZREVRANGE', order, 0, NEWEST - 1)) do
    if id ~= own_id then check(id) end
  end
  return live
end
local function remove_some_dead()
  local some = redis.call('HRANDFIELD', user, batch, 'WITHVALUES')
  for at = 1, #some, 2 do
    if #some[at] == 26 then
      local entry = cjson.decode(some[at + 1])
      if not time_left(prefix, some[at], entry) then remove_dead(some[at], entry) end
    end
  end
end
-- The order lacks logins that were claimed under a limit, or was evicted.
local function restore_order()
  local count = redis.call('HLEN', user)
  for _, field in ipairs(redis.call('HMGET', user, 'n', 'r', 'h', 'w', 'c', 'x', 'W', 'C', 'X')) do
    if field then count = count - 1 end
  end
  if count <= redis.call('ZCARD', order) then return end
  local all = redis.call('HGETALL', user)
  for at = 1, #all, 2 do
    if #all[at] == 26 then redis.call('ZADD', order, cjson.decode(all[at + 1]).n, all[at]) end
  end
end

for _, live in ipairs(reads_all and live_logins(prefix, user, remove_dead) or own_login_and_repeated()) do
  if found and live.id == found.login then
    own = live
  elseif is_repeated(live.entry) then
    repeated[#repeated + 1] = live
  else
    others[#others + 1] = live
  end
end
if own and (own.entry.d == device or own.id == login) then
  return { 2, found.generation .. found.revision, found.state .. found.user .. cjson.encode(own.entry) }
end

-- Which logins make room. The rule is `policy::Limits::victims`.
for _, other in ipairs(others) do candidates[#candidates + 1] = other end
if idle_first then
  table.sort(candidates, function(a, b)
    if a.left ~= b.left then return a.left < b.left end
    return a.entry.n < b.entry.n
  end)
end
local victims, is_victim = {}, {}
local function choose(limit, counts)
  if limit == 0 then return end
  local count = 0
  for _, c in ipairs(candidates) do if counts(c) then count = count + 1 end end
  local excess = count + 1 - limit
  for _, c in ipairs(candidates) do
    if excess > 0 and counts(c) then
      victims[#victims + 1], is_victim[c.id], excess = c, true, excess - 1
    end
  end
end
choose(max_per_device, function(c) return c.entry.d == device end)
choose(max_logins, function(c) return not is_victim[c.id] end)

-- Whether the user's logins replace each other too fast. The rule is `policy::Storm::count`.
local refused, storm_begins = nil, false
local function current_window(since, count, is_storm, length, second)
  local window = { since = tonumber(since or 0), count = tonumber(count or 0), is_storm = is_storm == '1' }
  if second - window.since >= length or second < window.since then
    window = { since = second, count = 0, is_storm = false }
  end
  return window
end
if storm_limit > 0 and not (#repeated > 0 and #victims == 0) then
  local second = math.floor(now_ms() / 1000)
  local stored = redis.call('HMGET', user, 'w', 'c', 'x', 'W', 'C', 'X')
  local minute = current_window(stored[1], stored[2], stored[3], 60, second)
  local hour = current_window(stored[4], stored[5], stored[6], 3600, second)
  local replaced = refuse and 0 or #victims
  if minute.is_storm or (storm_limit_hour > 0 and hour.is_storm) then
    refused = 'storm'
  else
    local passes_minute = replaced > 0 and minute.count + replaced > storm_limit
    local passes_hour = replaced > 0 and storm_limit_hour > 0 and hour.count + replaced > storm_limit_hour
    if passes_minute or passes_hour then
      refused, storm_begins, minute.is_storm, hour.is_storm = 'storm', true, passes_minute, passes_hour
    else
      minute.count, hour.count = minute.count + replaced, hour.count + replaced
    end
  end
  redis.call('HSET', user, 'w', minute.since, 'c', minute.count, 'x', minute.is_storm and '1' or '0',
    'W', hour.since, 'C', hour.count, 'X', hour.is_storm and '1' or '0')
end
if not refused and refuse and #victims > 0 then refused = 'limit' end
if refused then
  local data = event_data(identity, reason_members(events, refused))
  if storm_begins then emit(events, prefix, realm, origin, 'io.rsso.login.storm.v1', data) end
  emit(events, prefix, realm, origin, 'io.rsso.login.refused.v1', data)
  extend_key(user, 3600000)
  local reply = { 3, refused }
  for _, list in ipairs({ others, repeated }) do
    for _, other in ipairs(list) do
      other.entry.e = other.left
      reply[#reply + 1] = cjson.encode(other.entry)
    end
  end
  return reply
end

-- The oldest logins beyond the hard limit end too, a batch at a time. If not all logins are read, the dead count until
-- a claim comes across them.
local surplus = {}
if reads_all then
  local excess = math.min(#others - #victims + 1 - hard_limit, batch)
  for _, other in ipairs(others) do
    if #surplus < excess and not is_victim[other.id] then surplus[#surplus + 1] = other end
  end
else
  remove_some_dead()
  restore_order()
  local excess = math.min(redis.call('ZCARD', order) - (own and 1 or 0) + 1 - hard_limit, batch)
  for _, id in ipairs(excess > 0 and redis.call('ZRANGE', order, 0, excess) or {}) do
    if excess > 0 and not (own and id == own.id) then
      excess = excess - 1
      local stored = redis.call('HGET', user, id)
      local entry = stored and cjson.decode(stored)
      if not entry then
        redis.call('ZREM', order, id)
      elseif time_left(prefix, id, entry) then
        surplus[#surplus + 1] = { id = id, entry = entry }
      else
        remove_dead(id, entry)
      end
    end
  end
end
for _, other in ipairs(surplus) do victims[#victims + 1], is_victim[other.id] = other, true end

local kicks = {}
for _, victim in ipairs(victims) do
  local data = event_data(victim.entry.i, replaced_members)
  end_login(prefix, user, victim.id, victim.entry, nil, data, tombstone_ttl)
  emit(events, prefix, realm, origin, 'io.rsso.login.kicked.v1', data)
  kicks[#kicks + 1] = data
end
for _, other in ipairs(repeated) do end_own_login(events, prefix, user, other.id, other.entry, nil, 'reclaimed', empty) end
if found and found.login then release_login(events, record, found, record, 'reclaimed', empty) end

if found then
  bind_login(record, found, login, user_name)
else
  found = { generation = generation, revision = revision }
  redis.call('SET', record, login .. user_name .. 'R1L' .. generation .. revision, 'PX', ttl)
end
redis.call('DEL', tombstone_key(record))
local number = redis.call('HINCRBY', user, 'n', 1)
local entry = { n = number, d = device, i = identity, m = more, s = { session } }
if claimed_from ~= '' then entry.b, entry.a = claimed_from, claimed_at end
redis.call('HSET', user, login, cjson.encode(entry))
local lifetime = math.max(ttl, redis.call('PTTL', record))
extend_key(user, lifetime)
if not reads_all then
  redis.call('ZADD', order, number, login)
  extend_key(order, lifetime)
end
emit(events, prefix, realm, origin, 'io.rsso.login.claimed.v1', event_data(identity, '"at":' .. events.at))
-- The logins that stay are told of this one.
if elsewhere_members ~= '' and not own and #repeated == 0 then
  for _, other in ipairs(others) do
    if not is_victim[other.id] then
      emit(events, prefix, realm, origin, 'io.rsso.login.elsewhere.v1', event_data(other.entry.i, elsewhere_members))
    end
  end
end
local reply = { 1, found.generation .. found.revision }
for _, kick in ipairs(kicks) do reply[#reply + 1] = kick end
return reply
