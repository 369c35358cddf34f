--TEST--
two Rsso\SessionHandler objects with different DSNs keep their sessions apart
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$red = new Rsso\SessionHandler('sqlite:' . new_directory() . '/red.sqlite');
$blue = new Rsso\SessionHandler('sqlite:' . new_directory() . '/blue.sqlite');
$id = session_create_id();
foreach (['red' => $red, 'blue' => $blue] as $name => $handler) {
    session_set_save_handler($handler);
    start($id);
    var_dump($_SESSION);
    $_SESSION['name'] = $name;
    session_write_close();
}
session_set_save_handler($red);
start($id);
var_dump($_SESSION);
session_write_close();
?>
--EXPECT--
array(0) {
}
array(0) {
}
array(1) {
  ["name"]=>
  string(3) "red"
}
