--TEST--
session.auto_start works
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = another_php('$_SESSION["n"] = 1; echo session_id();', ['session.auto_start' => '1']);
var_dump(stored($id));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
