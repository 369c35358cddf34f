--TEST--
strict mode replaces an id that nobody was given
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$presented = 'attackerschoice0123456789abcdef';
$id = start($presented);
var_dump($id !== $presented, strlen($id) >= 22);
$_SESSION['secret'] = 1;
session_write_close();

var_dump(stored($presented), stored($id));
?>
--EXPECT--
bool(true)
bool(true)
array(0) {
}
array(1) {
  ["secret"]=>
  int(1)
}
