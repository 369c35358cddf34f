--TEST--
another process reads what was written
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['name' => 'Ada']);
var_dump(stored($id));
?>
--EXPECT--
array(1) {
  ["name"]=>
  string(3) "Ada"
}
