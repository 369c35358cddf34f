--TEST--
with rsso.lock=0 nobody waits, and the last writer wins
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.lock=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 0]);
$other = new OtherPhp('session_id($argv[1]); session_start(); echo "in\n"; fgets(STDIN); $_SESSION["n"] = 1; session_write_close();', ['rsso.lock' => '0'], $id);
$other->line();
$before = microtime(true);
start($id);
$_SESSION['n'] = 2;
session_write_close();
var_dump(microtime(true) - $before < 5, stored($id)['n']);
$other->go_on();
echo $other->rest();
var_dump(stored($id)['n']);
?>
--EXPECT--
bool(true)
int(2)
int(1)
