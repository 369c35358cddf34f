-- KEYS d l n w user  ARGV: see logins.rs
-- -> {1, version, kick...} claimed, {2, version, state, user, entry} claimed already,
--    {3, reason, entry...} refused, {4} the session has ended
local d, user = KEYS[1], KEYS[5]
local seen, generation, revision, ttl = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local login, user_name, device, identity, more = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local max, max_device = tonumber(ARGV[10]), tonumber(ARGV[11])
local refuse, idle = ARGV[12] == '1', ARGV[13] == '1'
local storm_limit, storm_limit_hour = tonumber(ARGV[14]), tonumber(ARGV[27])
local replaced_by, tombstone_ttl = ARGV[15], ARGV[16]
local realm, head = ARGV[17], ARGV[18]
local book = new_book(ARGV[19], ARGV[20], ARGV[21], ARGV[22])
local prefix, session = prefix_of(d), ARGV[23]

local found = tail(d)
if seen ~= '' and not (found and found.generation == seen) then return { 4 } end
redis.call('HSETNX', user, 'r', realm)
redis.call('HSETNX', user, 'h', head)

local grace, born_of, claimed_at = tonumber(ARGV[24]), ARGV[25], tonumber(ARGV[26])
local newborn = { version = generation .. revision, ttl = grace }

-- What this claim repeats holds no slot against it, as `Claim::repeats` decides; that is ended only where the
-- claim succeeds.
local own, others, repeated, candidates = nil, {}, {}, {}
local forget, order = forget_dead(book, prefix, user, realm, head), order_key(prefix, user)

-- Without a limit, and where nobody is told, nothing is walked: of the user's logins only the session's own is looked at,
-- the newest, for one whose claim is being repeated, and some at random whose dead are removed.
local hard, slice = tonumber(ARGV[28]), tonumber(ARGV[29])
-- What the other logins are told of the newcomer; empty where they are told nothing.
local elsewhere = ARGV[30]
local walks = max > 0 or max_device > 0 or elsewhere ~= ''
local NEWEST = 8
local function repeats(entry)
  return born_of ~= '' and entry.b == born_of and entry.d == device and math.abs(tonumber(book.at) - entry.a) < grace
end
local function own_login_and_repeated()
  local own_id, live = found and found.login, {}
  local function look(id)
    local stored = redis.call('HGET', user, id)
    local entry = stored and cjson.decode(stored)
    local left = entry and (id == own_id or repeats(entry)) and time_left(prefix, id, entry)
    if left then live[#live + 1] = { id = id, entry = entry, left = left } end
  end
  if own_id then look(own_id) end
  for _, id in ipairs(redis.call('ZREVRANGE', order, 0, NEWEST - 1)) do
    if id ~= own_id then look(id) end
  end
  return live
end
local function forget_some()
  local some = redis.call('HRANDFIELD', user, slice, 'WITHVALUES')
  for at = 1, #some, 2 do
    if #some[at] == 26 then
      local entry = cjson.decode(some[at + 1])
      if not time_left(prefix, some[at], entry) then forget(some[at], entry) end
    end
  end
end
-- The order lacks logins that were claimed under a limit, or has been evicted.
local function restore_order()
  local count = redis.call('HLEN', user)
  for _, other in ipairs(redis.call('HMGET', user, 'n', 'r', 'h', 'w', 'c', 'x', 'W', 'C', 'X')) do
    if other then count = count - 1 end
  end
  if count <= redis.call('ZCARD', order) then return end
  local all = redis.call('HGETALL', user)
  for at = 1, #all, 2 do
    if #all[at] == 26 then redis.call('ZADD', order, cjson.decode(all[at + 1]).n, all[at]) end
  end
end

for _, live in ipairs(walks and live_logins(prefix, user, forget) or own_login_and_repeated()) do
  if found and live.id == found.login then
    own = live
  elseif repeats(live.entry) then
    repeated[#repeated + 1] = live
  else
    others[#others + 1] = live
  end
end
if own and (own.entry.d == device or own.id == login) then
  return { 2, found.generation .. found.revision, found.state .. found.user .. cjson.encode(own.entry) }
end

-- Who makes room: as `policy::Limits::victims` decides.
for _, other in ipairs(others) do candidates[#candidates + 1] = other end
if idle then
  table.sort(candidates, function(a, b)
    if a.left ~= b.left then return a.left < b.left end
    return a.entry.n < b.entry.n
  end)
end
local victims, chosen = {}, {}
local function choose(limit, fits)
  if limit == 0 then return end
  local count = 0
  for _, c in ipairs(candidates) do if fits(c) then count = count + 1 end end
  local excess = count + 1 - limit
  for _, c in ipairs(candidates) do
    if excess > 0 and fits(c) then
      victims[#victims + 1], chosen[c.id], excess = c, true, excess - 1
    end
  end
end
choose(max_device, function(c) return c.entry.d == device end)
choose(max, function(c) return not chosen[c.id] end)

-- The storm: as `policy::Storm::count` decides.
local refused, breaks = nil, false
local function go_on(since, count, raging, length, second)
  local window = { since = tonumber(since or 0), count = tonumber(count or 0), raging = raging == '1' }
  if second - window.since >= length or second < window.since then
    window = { since = second, count = 0, raging = false }
  end
  return window
end
if storm_limit > 0 and not (#repeated > 0 and #victims == 0) then
  local second = math.floor(now() / 1000)
  local storm = redis.call('HMGET', user, 'w', 'c', 'x', 'W', 'C', 'X')
  local minute = go_on(storm[1], storm[2], storm[3], 60, second)
  local hour = go_on(storm[4], storm[5], storm[6], 3600, second)
  local replaced = refuse and 0 or #victims
  if minute.raging or (storm_limit_hour > 0 and hour.raging) then
    refused = 'storm'
  else
    local passes_minute = replaced > 0 and minute.count + replaced > storm_limit
    local passes_hour = replaced > 0 and storm_limit_hour > 0 and hour.count + replaced > storm_limit_hour
    if passes_minute or passes_hour then
      refused, breaks, minute.raging, hour.raging = 'storm', true, passes_minute, passes_hour
    else
      minute.count, hour.count = minute.count + replaced, hour.count + replaced
    end
  end
  redis.call('HSET', user, 'w', minute.since, 'c', minute.count, 'x', minute.raging and '1' or '0',
    'W', hour.since, 'C', hour.count, 'X', hour.raging and '1' or '0')
end
if not refused and refuse and #victims > 0 then refused = 'limit' end
if refused then
  local data = data_of(identity, because(book, refused))
  if breaks then emit(book, prefix, realm, head, 'io.rsso.login.storm.v1', data) end
  emit(book, prefix, realm, head, 'io.rsso.login.refused.v1', data)
  keep_key(user, 3600000)
  local reply = { 3, refused }
  for _, other in ipairs(others) do
    other.entry.e = other.left
    reply[#reply + 1] = cjson.encode(other.entry)
  end
  for _, other in ipairs(repeated) do
    other.entry.e = other.left
    reply[#reply + 1] = cjson.encode(other.entry)
  end
  return reply
end

-- Those beyond the cap: the oldest, some at a time. Without a limit the dead count until a claim comes across them.
local over = {}
if walks then
  local excess = math.min(#others - #victims + 1 - hard, slice)
  for _, other in ipairs(others) do
    if #over < excess and not chosen[other.id] then over[#over + 1] = other end
  end
else
  forget_some()
  restore_order()
  local excess = math.min(redis.call('ZCARD', order) - (own and 1 or 0) + 1 - hard, slice)
  for _, id in ipairs(excess > 0 and redis.call('ZRANGE', order, 0, excess) or {}) do
    if excess > 0 and not (own and id == own.id) then
      excess = excess - 1
      local stored = redis.call('HGET', user, id)
      local entry = stored and cjson.decode(stored)
      if not entry then
        redis.call('ZREM', order, id)
      elseif time_left(prefix, id, entry) then
        over[#over + 1] = { id = id, entry = entry }
      else
        forget(id, entry)
      end
    end
  end
end
for _, other in ipairs(over) do victims[#victims + 1], chosen[other.id] = other, true end

local kicks = {}
for _, victim in ipairs(victims) do
  local data = data_of(victim.entry.i, replaced_by)
  end_login(prefix, user, victim.id, victim.entry, nil, data, tombstone_ttl)
  emit(book, prefix, realm, head, 'io.rsso.login.kicked.v1', data)
  kicks[#kicks + 1] = data
end
for _, other in ipairs(repeated) do end_own(book, prefix, user, other.id, other.entry, nil, 'reclaimed', newborn) end
if found and found.login then release_login(book, d, found, d, 'reclaimed', newborn) end

if found then
  bind(d, found, login, user_name)
else
  found = { generation = generation, revision = revision }
  redis.call('SET', d, login .. user_name .. 'R1L' .. generation .. revision, 'PX', ttl)
end
redis.call('DEL', tombstone_key(d))
local number = redis.call('HINCRBY', user, 'n', 1)
local entry = { n = number, d = device, i = identity, m = more, s = { session } }
if born_of ~= '' then entry.b, entry.a = born_of, claimed_at end
redis.call('HSET', user, login, cjson.encode(entry))
local lives = math.max(ttl, redis.call('PTTL', d))
keep_key(user, lives)
if not walks then
  redis.call('ZADD', order, number, login)
  keep_key(order, lives)
end
emit(book, prefix, realm, head, 'io.rsso.login.claimed.v1', data_of(identity, '"at":' .. book.at))
-- Those that stay: as `tell_others` decides.
if elsewhere ~= '' and not own and #repeated == 0 then
  for _, other in ipairs(others) do
    if not chosen[other.id] then
      emit(book, prefix, realm, head, 'io.rsso.login.elsewhere.v1', data_of(other.entry.i, elsewhere))
    end
  end
end
local reply = { 1, found.generation .. found.revision }
for _, kick in ipairs(kicks) do reply[#reply + 1] = kick end
return reply
