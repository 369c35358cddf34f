--TEST--
rsso.dsn goes before session.save_path
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn="sqlite:{TMP}/first.sqlite"
session.save_path="redis://127.0.0.1:1"
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
var_dump(stored($id));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
