--TEST--
rsso.auto_claim with on_conflict=refuse: the newcomer's session ends, a warning says so, and its browser learns why
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
rsso.auto_claim=user
rsso.on_conflict=refuse
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$first = new Browser;
$first->request('$_SESSION["user"] = "ada";');
$second = new Browser;
$second->may_warn = true;
$second->request('$_SESSION["user"] = "ada";');
echo preg_replace('/ in Command.*/', '', $second->said), "\n";
var_dump($second->request('return [$_SESSION, sso_kicked()?->reason];'), $first->user(), count(sso_logins('ada')));

// A session that was there already, and unchanged data.
$second->request('$_SESSION["n"] = 1;');
$second->request('$_SESSION["user"] = "ada";');
echo preg_replace('/ in Command.*/', '', $second->said), "\n";
var_dump($second->request('return $_SESSION;'));

// When the first is gone, there is room.
$first->request('session_destroy();');
$second->request('$_SESSION["user"] = "ada";');
var_dump($second->said, $second->user());
?>
--EXPECT--
Warning: session_write_close(): rsso: the user is logged in elsewhere, and no login is free (rsso.auto_claim, rsso.on_conflict); the session was ended
array(2) {
  [0]=>
  array(0) {
  }
  [1]=>
  string(5) "limit"
}
string(3) "ada"
int(1)
Warning: session_write_close(): rsso: the user is logged in elsewhere, and no login is free (rsso.auto_claim, rsso.on_conflict); the session was ended
array(0) {
}
string(0) ""
string(3) "ada"
