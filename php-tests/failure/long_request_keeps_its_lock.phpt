--TEST--
a request that takes longer than rsso.lock_ttl keeps its lock while it lives
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.lock_ttl=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 0]);
$holder = new OtherPhp('session_id($argv[1]); session_start(); echo "in\n"; sleep(3); $_SESSION["n"]++;', ['rsso.lock_ttl' => '1'], $id);
$holder->line();
$before = microtime(true);
start($id);
var_dump(microtime(true) - $before > 2);
$_SESSION['n']++;
session_write_close();
echo $holder->rest();
var_dump(stored($id));
?>
--EXPECT--
bool(true)
array(1) {
  ["n"]=>
  int(2)
}
