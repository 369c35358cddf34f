--TEST--
where headers were sent already, sso_claim() leaves the session's id, without a warning
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$id = start();
echo "output\n";
ob_end_flush();
flush();
var_dump(headers_sent(), sso_claim('ada')->uid, session_id() === $id, sso_current()->uid);
?>
--EXPECT--
output
bool(true)
string(3) "ada"
bool(true)
string(3) "ada"
