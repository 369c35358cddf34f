-- KEYS record lock waiters wake -> {1, detail, left}, {2, detail} no record
-- What a reader without a lock learns beside the data.
local record = KEYS[1]
local found = read_live(record)
if not found then return { 2, detail(record, found) } end
return { 1, detail(record, found), redis.call('PTTL', record) }
