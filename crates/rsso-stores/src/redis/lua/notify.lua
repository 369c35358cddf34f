-- KEYS user  ARGV prefix device members id_stem time at retention -> {number of logins}
local user, prefix, device, members = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local events = new_events(ARGV[4], ARGV[5], ARGV[6], ARGV[7])
local about = redis.call('HMGET', user, 'r', 'h')
local realm, origin = about[1], about[2]
if not realm then return { 0 } end
local count = 0
for _, live in ipairs(live_logins(prefix, user, dead_login_remover(events, prefix, user, realm, origin))) do
  if device == '' or live.entry.d == device then
    emit(events, prefix, realm, origin, 'io.rsso.message.v1', event_data(live.entry.i, members))
    count = count + 1
  end
end
return { count }
