--TEST--
Rsso\SessionHandler implements PHP's three interfaces
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

var_dump(array_values(class_implements(Rsso\SessionHandler::class)));
?>
--EXPECT--
array(3) {
  [0]=>
  string(23) "SessionHandlerInterface"
  [1]=>
  string(18) "SessionIdInterface"
  [2]=>
  string(38) "SessionUpdateTimestampHandlerInterface"
}
