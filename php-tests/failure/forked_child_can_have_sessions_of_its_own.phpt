--TEST--
a forked child can use other sessions, on a connection of its own
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
$childs = session_create_id();
$child = pcntl_fork();
if ($child === 0) {
    start($childs);
    $_SESSION['who'] = 'child';
    session_write_close();
    ob_end_clean();
    exit;
}
start($id);
$_SESSION['n'] = 2;
pcntl_waitpid($child, $status);
session_write_close();
var_dump($status, stored($childs), stored($id));
?>
--EXPECT--
int(0)
array(1) {
  ["who"]=>
  string(5) "child"
}
array(1) {
  ["n"]=>
  int(2)
}
