--TEST--
no exception and no warning holds the session id
--SKIPIF--
<?php
require __DIR__ . '/../helpers.inc';
if (waits_for_ever()) die('skip valgrind lets no deadline pass on SQLite');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.lock_wait=0.1
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
ob_start();

$holder = new OtherPhp('session_id($argv[1]); session_start(); echo "in\n"; fgets(STDIN);', [], $id);
$holder->line();
echo thrown_by(fn () => start($id)), "\n";
$holder->go_on();
$holder->rest();

start($id);
destroy_elsewhere($id);
$_SESSION['n'] = 2;
show(session_write_close(...));

ini_set('rsso.dsn', 'redis://127.0.0.1:1');
echo thrown_by(fn () => start($id)), "\n";
show(fn () => (new Rsso\SessionHandler)->write($id, 'n|i:1;'));
session_id("$id!");
show(session_start(...));

$told = ob_get_clean();
var_dump(substr_count($told, 'rsso: '), str_contains($told, $id));
?>
--EXPECT--
int(5)
bool(false)
