--TEST--
session_destroy() ends the login, and a session that begins after it does not inherit
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$id = start();
sso_claim('ada');
$_SESSION['user'] = 'ada';
$claimed = session_id();
session_destroy();
var_dump(sso_logins('ada'));

// Under the same id, and under a new one.
start($claimed);
var_dump($_SESSION, sso_current(), sso_kicked());
session_write_close();
start(session_create_id());
var_dump($_SESSION, sso_current(), sso_logins('ada'));
session_destroy();

// One that has ended holds no place.
var_dump(count((new Browser(['rsso.on_conflict' => 'refuse']))->log_in('ada')['kicks']));
?>
--EXPECT--
array(0) {
}
array(0) {
}
NULL
NULL
array(0) {
}
NULL
array(0) {
}
int(0)
