-- KEYS d l n w -> {1, detail, left}: what a reader without a lock learns beside the data
return { 1, detail(KEYS[1], alive(KEYS[1])), redis.call('PTTL', KEYS[1]) }
