--TEST--
claiming again what the session has already changes nothing: same login, same session id
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

start();
$login = sso_claim('ada', 'web', ['label' => 'first']);
$id = session_id();
foreach ([[], ['label' => 'second', 'max_logins' => 5, 'on_conflict' => 'refuse']] as $options) {
    var_dump(same_login(sso_claim('ada', 'web', $options), $login), session_id() === $id);
}
session_write_close();
start($id);
var_dump(same_login(sso_claim('ada'), $login), session_id() === $id, count(sso_logins('ada')));
?>
--EXPECT--
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
int(1)
