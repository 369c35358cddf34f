--TEST--
Rsso\SessionHandler takes a DSN of its own, whatever rsso.dsn is
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=redis://127.0.0.1:1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$dsn = 'sqlite:' . new_directory() . '/own.sqlite';
session_set_save_handler(new Rsso\SessionHandler($dsn));
$id = start();
$_SESSION['n'] = 1;
session_write_close();
var_dump(stored($id, ['rsso.dsn' => $dsn]));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
