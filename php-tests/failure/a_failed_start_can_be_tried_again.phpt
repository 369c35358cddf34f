--TEST--
after a failed session_start() the same request can go on with another store
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=redis://127.0.0.1:1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

echo explode(':', thrown_by(session_start(...)))[0], "\n";
ini_set('rsso.dsn', $dsn = 'sqlite:' . new_directory() . '/rsso.sqlite');
$id = stored_session(['n' => 1]);
var_dump(stored($id, ['rsso.dsn' => $dsn]));
?>
--EXPECT--
Rsso\StoreException
array(1) {
  ["n"]=>
  int(1)
}
