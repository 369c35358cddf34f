--TEST--
session_regenerate_id(true) can be called many times in one request
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

start();
$_SESSION['n'] = 0;
$ids = [];
for ($i = 0; $i < 20; $i++) {
    $ids[] = session_id();
    session_regenerate_id(true);
    $_SESSION['n']++;
}
$last = session_id();
session_write_close();
var_dump(count(array_unique($ids)), array_filter($ids, fn ($id) => stored($id) !== []), stored($last));
?>
--EXPECT--
int(20)
array(0) {
}
array(1) {
  ["n"]=>
  int(20)
}
