--TEST--
every key that rsso makes on Redis has an expiry, with locks held and requests waiting
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$redis = new Redis;
ini_set('rsso.dsn', $dsn = $redis->dsn());
$id = stored_session(['n' => 1]);
$code = 'echo "here\n"; session_id($argv[1]); session_start(); echo "in\n"; fgets(STDIN);';
$holder = new OtherPhp($code, ['rsso.dsn' => $dsn], $id);
$holder->line();
$holder->line();
$waiter = new OtherPhp($code, ['rsso.dsn' => $dsn], $id);
$waiter->line();
usleep(300_000);

preg_match_all('/^rsso:\S+/m', redis_says($dsn, 'KEYS', '*'), $keys);
foreach ($keys[0] as $key) {
    $kinds[] = substr(strrchr($key, ':'), 1);
    if ((int) substr(redis_says($dsn, 'PTTL', $key), 1) <= 0) {
        echo "$key has no expiry\n";
    }
}
sort($kinds);
echo implode(' ', $kinds), "\n";
$holder->go_on();
$waiter->go_on();
echo $holder->rest(), $waiter->line(), $waiter->rest(), "\n";

preg_match_all('/^rsso:\S+/m', redis_says($dsn, 'KEYS', '*'), $keys);
var_dump(count($keys[0]));
?>
--EXPECT--
d l n
in
int(1)
