--TEST--
a request that runs out of memory gives the lock back
--SKIPIF--
<?php
if (getenv('USE_ZEND_ALLOC') === '0') die('skip valgrind runs PHP without its allocator, which has the limit');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
echo another_php('session_id($argv[1]); session_start(); $_SESSION["n"] = 2; str_repeat("x", 1 << 40);', ['display_errors' => '0'], $id);
var_dump(lock_is_free($id));
?>
--EXPECT--
bool(true)
