--TEST--
rsso.lock_failure=readonly reads without the lock, and warns on write that nothing is stored
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
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
$holder = new OtherPhp('session_id($argv[1]); session_start(); echo "in\n"; fgets(STDIN); $_SESSION["n"] = 10;', [], $id);
$holder->line();

start($id);
var_dump($_SESSION);
$_SESSION['n'] = 2;
show(session_write_close(...));
var_dump(stored($id)['n'], lock_is_free($id));

$holder->go_on();
echo $holder->rest();
start($id);
var_dump($_SESSION);
$_SESSION['n']++;
show(session_write_close(...));
var_dump(stored($id)['n']);
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
warning: session_write_close(): rsso: the session was opened without its lock (rsso.lock_failure=readonly); its changes are not stored
true
int(1)
bool(false)
array(1) {
  ["n"]=>
  int(10)
}
true
int(11)
