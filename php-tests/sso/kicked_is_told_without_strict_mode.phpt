--TEST--
without strict mode the kicked browser's session begins anew under its id, and sso_kicked() tells until the next login
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$first = new Browser(['session.use_strict_mode' => '0']);
$first->log_in('ada');
(new Browser)->log_in('ada');
$presented = $first->id;
for ($i = 0; $i < 3; $i++) {
    var_dump($first->request('$_SESSION["n"] = ($_SESSION["n"] ?? 0) + 1; return [$_SESSION, sso_kicked()?->reason];'));
}
var_dump($first->id === $presented);
$first->log_in('bob');
var_dump($first->request('return sso_kicked();'));
?>
--EXPECT--
array(2) {
  [0]=>
  array(1) {
    ["n"]=>
    int(1)
  }
  [1]=>
  string(8) "replaced"
}
array(2) {
  [0]=>
  array(1) {
    ["n"]=>
    int(2)
  }
  [1]=>
  string(8) "replaced"
}
array(2) {
  [0]=>
  array(1) {
    ["n"]=>
    int(3)
  }
  [1]=>
  string(8) "replaced"
}
bool(true)
NULL
