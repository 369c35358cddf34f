--TEST--
rsso.lock_failure=readonly does not warn where nothing was changed
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
session.lazy_write=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
$holder = new OtherPhp('session_id($argv[1]); session_start(); echo "in\n"; fgets(STDIN);', [], $id);
$holder->line();
start($id);
show(session_write_close(...));
$holder->go_on();
echo $holder->rest();
?>
--EXPECT--
true
