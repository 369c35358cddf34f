-- KEYS none  ARGV act key... -> {1}
-- An act that changes nothing after all gives up what it has reserved.
for at = 2, #ARGV do
  if redis.call('GET', ARGV[at]) == ARGV[1] then redis.call('DEL', ARGV[at]) end
end
return { 1 }
