-- KEYS user  ARGV prefix device login except members tombstone_ttl id_stem time at retention -> {1, kick...}
local user, prefix = KEYS[1], ARGV[1]
local device, only, except = ARGV[2], ARGV[3], ARGV[4]
local members, tombstone_ttl = ARGV[5], ARGV[6]
local events = new_events(ARGV[7], ARGV[8], ARGV[9], ARGV[10])
local about = redis.call('HMGET', user, 'r', 'h')
local realm, origin = about[1], about[2]
local reply = { 1 }
if not realm then return reply end
for _, live in ipairs(live_logins(prefix, user, dead_login_remover(events, prefix, user, realm, origin))) do
  if (device == '' or live.entry.d == device) and (only == '' or live.id == only) and live.id ~= except then
    local data = event_data(live.entry.i, members)
    end_login(prefix, user, live.id, live.entry, nil, data, tombstone_ttl)
    emit(events, prefix, realm, origin, 'io.rsso.login.kicked.v1', data)
    reply[#reply + 1] = data
  end
end
return reply
