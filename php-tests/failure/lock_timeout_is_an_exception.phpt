--TEST--
a lock that cannot be had within rsso.lock_wait is a LockTimeoutException
--SKIPIF--
<?php
require __DIR__ . '/../helpers.inc';
if (waits_for_ever()) die('skip valgrind lets no deadline pass on SQLite');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.lock_wait=0.2
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
$holder = new OtherPhp('session_id($argv[1]); session_start(); echo "in\n"; fgets(STDIN); $_SESSION["n"]++;', [], $id);
$holder->line();

$before = microtime(true);
echo thrown_by(fn () => start($id)), "\n";
$waited = microtime(true) - $before;
var_dump($waited >= 0.2 && $waited < 2, session_status() === PHP_SESSION_NONE);

$holder->go_on();
echo $holder->rest();
start($id);
var_dump($_SESSION);
?>
--EXPECTF--
Rsso\LockTimeoutException: rsso: another request still holds this session's lock after 0.2%d s (rsso.lock_wait; rsso.lock_failure=readonly would go on without it)
bool(true)
bool(true)
array(1) {
  ["n"]=>
  int(2)
}
