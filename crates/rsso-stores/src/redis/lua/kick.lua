-- KEYS user  ARGV prefix device login except members tombstone_ttl stem time at keep -> {1, kick...}
local user, prefix = KEYS[1], ARGV[1]
local device, only, except = ARGV[2], ARGV[3], ARGV[4]
local book = new_book(ARGV[7], ARGV[8], ARGV[9], ARGV[10])
local about = redis.call('HMGET', user, 'r', 'h')
local reply = { 1 }
if not about[1] then return reply end
for _, live in ipairs(live_logins(prefix, user, forget_dead(book, prefix, user, about[1], about[2]))) do
  if (device == '' or live.entry.d == device) and (only == '' or live.id == only) and live.id ~= except then
    local data = data_of(live.entry.i, ARGV[5])
    end_login(prefix, user, live.id, live.entry, nil, data, ARGV[6])
    emit(book, prefix, about[1], about[2], 'io.rsso.login.kicked.v1', data)
    reply[#reply + 1] = data
  end
end
return reply
