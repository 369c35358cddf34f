--TEST--
rsso.auto_claim: a user of more than 255 bytes is a warning and no login; the session is stored
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.auto_claim=user
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$id = start(session_create_id());
$_SESSION['user'] = 'ada';
session_write_close();
start($id);
$_SESSION['user'] = str_repeat('x', 256);
show(fn () => session_write_close());
start($id);
var_dump(strlen($_SESSION['user']), sso_current(), sso_logins('ada'));
show(fn () => session_write_close());
?>
--EXPECT--
warning: session_write_close(): rsso: rsso.auto_claim: the user in $_SESSION is longer than 255 bytes, and is not logged in by rsso
true
int(256)
NULL
array(0) {
}
warning: session_write_close(): rsso: rsso.auto_claim: the user in $_SESSION is longer than 255 bytes, and is not logged in by rsso
true
