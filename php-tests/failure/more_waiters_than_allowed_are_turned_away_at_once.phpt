--TEST--
a request beyond rsso.lock_waiters gets its LockTimeoutException at once
--SKIPIF--
<?php
require __DIR__ . '/../helpers.inc';
if (waits_for_ever()) die('skip valgrind lets no deadline pass on SQLite');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.lock_wait=30
rsso.lock_waiters=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
$holder = new OtherPhp('session_id($argv[1]); session_start(); echo "in\n"; fgets(STDIN); $_SESSION["n"]++;', [], $id);
$holder->line();
$waiter = new OtherPhp('session_id($argv[1]); echo "waits\n"; session_start(); echo "n=$_SESSION[n]\n"; fgets(STDIN);', [], $id);
$waiter->line();
usleep(700_000);

echo thrown_by(fn () => start($id)), "\n";
var_dump(session_status() === PHP_SESSION_NONE);
ini_set('rsso.lock_failure', 'readonly');
start($id);
var_dump($_SESSION['n']);
session_abort();
ini_set('rsso.lock_failure', 'error');

// The place is free again with its waiter.
$holder->go_on();
echo $holder->rest(), $waiter->line(), "\n";
$waiter->go_on();
$waiter->rest();
start($id);
var_dump($_SESSION['n']);
?>
--EXPECT--
Rsso\LockTimeoutException: rsso: as many requests as rsso.lock_waiters allows (1) wait for this session's lock already (rsso.lock_waiters; rsso.lock_failure=readonly would go on without it)
bool(true)
int(1)
n=2
int(2)
