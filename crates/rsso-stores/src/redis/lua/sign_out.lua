-- KEYS record lock waiters wake  ARGV login id_stem time at retention
-- -> {1} the login has ended, {0} the session does not have it
local record = KEYS[1]
local found = read_tail(record)
if not found or found.login ~= ARGV[1] then return { 0 } end
local events = new_events(ARGV[2], ARGV[3], ARGV[4], ARGV[5])
local done = release_login(events, record, found, record, 'released')
if done then bind_login(record, found, NO_LOGIN, found.user) else redis.call('DEL', record) end
return { done and 1 or 0 }
