--TEST--
references between session values are kept
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['a' => 1]);
start($id);
$_SESSION['list'] = [1, 2];
$_SESSION['same'] = &$_SESSION['list'];
session_write_close();

start($id);
$_SESSION['same'][] = 3;
var_dump(count($_SESSION['list']));
session_destroy();
?>
--EXPECT--
int(3)
