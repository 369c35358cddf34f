--TEST--
what one request writes, the next one reads
--EXTENSIONS--
session
rsso
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
echo session_module_name(), "\n";

session_start();
$id = session_id();
$_SESSION["binary"] = "a\0b\xff";
$_SESSION["count"] = 1;
var_dump(session_write_close());

$_SESSION = [];
session_id($id);
session_start();
$_SESSION["count"]++;
var_dump(session_write_close());

$_SESSION = [];
session_id($id);
session_start(["read_and_close" => true]);
var_dump($_SESSION["count"], bin2hex($_SESSION["binary"]));

session_id($id);
session_start();
var_dump(session_destroy());

session_id($id);
session_start();
var_dump($_SESSION);
session_abort();
?>
--EXPECT--
rsso
bool(true)
bool(true)
int(2)
string(8) "610062ff"
bool(true)
array(0) {
}
