--TEST--
the lock of a request that was killed is free for the next one at once
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
$holder = new OtherPhp('session_id($argv[1]); session_start(); echo "in\n"; sleep(60);', [], $id);
$holder->line();
$holder->kill();
$before = microtime(true);
start($id);
var_dump(microtime(true) - $before < 3, $_SESSION);
?>
--EXPECT--
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
