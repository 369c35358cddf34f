-- KEYS d l n w  ARGV login stem time at keep -> {1} the login has ended, {0} the session does not have it
local d = KEYS[1]
local found = tail(d)
if not found or found.login ~= ARGV[1] then return { 0 } end
local done = release_login(new_book(ARGV[2], ARGV[3], ARGV[4], ARGV[5]), d, found, d, 'released')
if done then bind(d, found, NOBODY, found.user) else redis.call('DEL', d) end
return { done and 1 or 0 }
