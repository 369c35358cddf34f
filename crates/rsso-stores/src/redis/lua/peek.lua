-- KEYS d l n w -> {1, detail, left} or {2, detail} no record: what a reader without a lock learns beside the data
local found = alive(KEYS[1])
if not found then return { 2, detail(KEYS[1], found) } end
return { 1, detail(KEYS[1], found), redis.call('PTTL', KEYS[1]) }
