--TEST--
rsso.auto_claim_device: $_SERVER is there for it, though the script never names it (auto_globals_jit)
--CGI--
--ENV--
HTTP_X_DEVICE=TV
REMOTE_ADDR=192.0.2.1
--INI--
session.use_cookies=0
session.cache_limiter=
auto_globals_jit=1
register_argc_argv=0
rsso.auto_claim=user
rsso.auto_claim_device=HTTP_X_DEVICE
rsso.realm=auto_claim_makes_the_server_variables
--FILE--
<?php
session_start();
$_SESSION['user'] = 'ada';
$before = array_key_exists('_SERVER', $GLOBALS);
session_write_close();
var_dump($before, array_key_exists('_SERVER', $GLOBALS), sso_logins('ada')[0]->device);

// At the end of the request as well.
session_id(session_create_id());
session_start();
$_SESSION['user'] = 'bob';
?>
--EXPECT--
bool(false)
bool(true)
string(2) "tv"
