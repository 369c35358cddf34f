--TEST--
a forked child that only exits leaves the parent's lock and data alone
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
$child = pcntl_fork();
if ($child === 0) {
    ob_end_clean();
    exit;
}
pcntl_waitpid($child, $status);
var_dump($status, lock_is_free($id));
$_SESSION['n'] = 2;
session_write_close();
var_dump(stored($id)['n'], lock_is_free($id));
?>
--EXPECT--
int(0)
bool(false)
int(2)
bool(true)
