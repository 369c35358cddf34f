-- KEYS user  ARGV prefix device members stem time at keep -> {number of logins}
local user, prefix, device = KEYS[1], ARGV[1], ARGV[2]
local book = new_book(ARGV[4], ARGV[5], ARGV[6], ARGV[7])
local about = redis.call('HMGET', user, 'r', 'h')
if not about[1] then return { 0 } end
local count = 0
for _, live in ipairs(live_logins(prefix, user, forget_dead(book, prefix, user, about[1], about[2]))) do
  if device == '' or live.entry.d == device then
    emit(book, prefix, about[1], about[2], 'io.rsso.message.v1', data_of(live.entry.i, ARGV[3]))
    count = count + 1
  end
end
return { count }
