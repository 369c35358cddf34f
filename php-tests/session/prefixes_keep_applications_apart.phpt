--TEST--
the same id under another rsso.prefix is another session
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.prefix=shop_
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['shop' => 1]);
var_dump(stored($id), stored($id, ['rsso.prefix' => 'blog_']));
?>
--EXPECT--
array(1) {
  ["shop"]=>
  int(1)
}
array(0) {
}
