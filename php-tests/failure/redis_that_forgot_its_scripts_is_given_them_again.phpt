--TEST--
a Redis that forgot the scripts is given them again, in the middle of a request too
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$redis = new Redis;
ini_set('rsso.dsn', $redis->dsn());
$id = stored_session(['n' => 1]);
for ($i = 0; $i < 3; $i++) {
    redis_says($redis->dsn(), 'SCRIPT', 'FLUSH');
    start($id);
    $_SESSION['n']++;
    redis_says($redis->dsn(), 'SCRIPT', 'FLUSH');
    session_write_close();
}
var_dump(stored($id, ['rsso.dsn' => $redis->dsn()]));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(4)
}
