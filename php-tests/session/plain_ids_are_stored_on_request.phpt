--TEST--
with rsso.hash_ids=0 the store holds the session id itself
--SKIPIF--
<?php
require __DIR__ . '/../helpers.inc';
if (!in_array(store(), ['sqlite', 'redis'], true)) die('skip looks into sqlite and redis only');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.hash_ids=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
var_dump(stored($id));
if (store() === 'sqlite') {
    $path = substr(ini_get('rsso.dsn'), strlen('sqlite:'));
    $all = implode(array_map(file_get_contents(...), glob("$path*")));
} else {
    $all = redis_says(ini_get('rsso.dsn'), 'KEYS', '*');
}
var_dump(str_contains($all, $id));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
bool(true)
