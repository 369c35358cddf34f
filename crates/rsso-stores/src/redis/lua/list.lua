-- KEYS user  ARGV prefix -> {1, entry...}
local reply = { 1 }
for _, live in ipairs(live_logins(ARGV[1], KEYS[1])) do
  live.entry.e = live.left
  reply[#reply + 1] = cjson.encode(live.entry)
end
return reply
