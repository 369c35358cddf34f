--TEST--
sso_release() ends the login and keeps the session
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

start();
var_dump(sso_release());
sso_claim('ada');
$_SESSION['cart'] = 'book';
var_dump(sso_release(), sso_current(), sso_logins('ada'), sso_release());
$id = session_id();
session_write_close();
start($id);
var_dump($_SESSION, sso_current(), sso_kicked());

// A login that has ended elsewhere cannot be released.
sso_claim('ada');
(new Browser)->log_in('ada');
var_dump(sso_release(), logins_of('ada'));
session_abort();
?>
--EXPECT--
bool(false)
bool(true)
NULL
array(0) {
}
bool(false)
array(1) {
  ["cart"]=>
  string(4) "book"
}
NULL
NULL
bool(false)
string(3) "web"
