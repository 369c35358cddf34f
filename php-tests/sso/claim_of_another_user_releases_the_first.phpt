--TEST--
a session has one login: claiming another user, or the same on another device, ends the one before
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

start();
$ada = sso_claim('ada');
$bob = sso_claim('bob');
var_dump($bob->kicks, logins_of('ada'), logins_of('bob'), same_login(sso_current(), $bob));
$phone = sso_claim('bob', 'ios', ['max_logins' => 0]);
var_dump($phone->id !== $bob->id, logins_of('bob'));

// Nobody was kicked: it was this session's own doing.
$_SESSION['n'] = 1;
$id = session_id();
session_write_close();
start($id);
var_dump($_SESSION, same_login(sso_current(), $phone), sso_kicked());
?>
--EXPECT--
array(0) {
}
string(0) ""
string(3) "web"
bool(true)
bool(true)
string(3) "ios"
array(1) {
  ["n"]=>
  int(1)
}
bool(true)
NULL
