--TEST--
a session opened in a shutdown function is stored
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = session_create_id();
echo another_php('register_shutdown_function(function () use ($argv) { session_id($argv[1]); session_start(); $_SESSION["n"] = 1; });', [], $id);
var_dump(stored($id), lock_is_free($id));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
bool(true)
