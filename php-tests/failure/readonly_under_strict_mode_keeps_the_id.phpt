--TEST--
rsso.lock_failure=readonly keeps a known id under strict mode
--SKIPIF--
<?php
require __DIR__ . '/../helpers.inc';
if (waits_for_ever()) die('skip valgrind lets no deadline pass on SQLite');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.lock_wait=0.2
rsso.lock_failure=readonly
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = start();
$_SESSION['n'] = 1;
session_write_close();
$holder = new OtherPhp('session_id($argv[1]); session_start(); echo "in\n"; fgets(STDIN);', [], $id);
$holder->line();
var_dump(start($id) === $id, $_SESSION);
session_abort();
$holder->go_on();
echo $holder->rest();
?>
--EXPECT--
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
