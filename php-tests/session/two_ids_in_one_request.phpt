--TEST--
two sessions, one after the other and back, in one request
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$a = stored_session(['who' => 'a', 'n' => 0]);
$b = stored_session(['who' => 'b', 'n' => 0]);
foreach ([$a, $b, $a, $b, $b] as $id) {
    start($id);
    $_SESSION['n']++;
    echo $_SESSION['who'], $_SESSION['n'], "\n";
    session_write_close();
}
var_dump(lock_is_free($a), lock_is_free($b));
?>
--EXPECT--
a1
b1
a2
b2
b3
bool(true)
bool(true)
