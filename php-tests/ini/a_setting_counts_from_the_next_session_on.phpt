--TEST--
a directive that is set in a request counts from its next session on, and for this request only
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

ini_set('rsso.prefix', 'now_');
$id = stored_session(['n' => 1]);
ini_restore('rsso.prefix');
var_dump(ini_get('rsso.prefix'), stored($id), stored($id, ['rsso.prefix' => 'now_']));
?>
--EXPECT--
string(0) ""
array(0) {
}
array(1) {
  ["n"]=>
  int(1)
}
