--TEST--
a forked child writes nothing, warns, and leaves the parent's lock alone
--SKIPIF--
<?php
if (!function_exists('pcntl_fork')) die('skip needs pcntl');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
start($id);
$_SESSION['n'] = 2;
ob_end_flush();

$child = pcntl_fork();
if ($child === 0) {
    $_SESSION['n'] = 666;
    show(session_write_close(...));
    exit;
}
pcntl_waitpid($child, $status);
var_dump($status, lock_is_free($id), stored($id)['n']);
session_write_close();
var_dump(stored($id)['n'], lock_is_free($id));
?>
--EXPECT--
warning: session_write_close(): rsso: the session was opened before the fork and belongs to the parent process; changes of the child are not stored
true
int(0)
bool(false)
int(1)
int(2)
bool(true)
