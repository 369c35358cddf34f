--TEST--
Rsso\SessionHandler takes directives without their rsso. as options, of PHP's own types
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$handler = new Rsso\SessionHandler(ini_get('rsso.dsn'), [
    'prefix' => 'mine_', 'lock' => true, 'lock_wait' => 0.25, 'lock_ttl' => 5, 'lock_failure' => 'readonly',
    'hash_ids' => false, 'connect_timeout' => 1, 'read_timeout' => '1.5',
]);
session_set_save_handler($handler);
$id = start();
$_SESSION['n'] = 1;
session_write_close();
var_dump(stored($id), stored($id, ['rsso.prefix' => 'mine_', 'rsso.hash_ids' => '0']));
?>
--EXPECT--
array(0) {
}
array(1) {
  ["n"]=>
  int(1)
}
