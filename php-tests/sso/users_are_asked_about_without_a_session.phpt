--TEST--
sso_logins(), sso_kick(), sso_notify() and sso_login_ids() need no session, and leave none behind
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.max_logins=0
--FILE--
<?php
require __DIR__ . '/browsers.inc';

var_dump(sso_logins('ada'), sso_kick('ada'), sso_notify('ada', 'x'), sso_login_ids('ada'));

[$pc, $phone] = [new Browser, new Browser];
$pc->log_in('ada', 'pc', ['label' => 'PC']);
$login = $phone->log_in('ada', 'ios', ['label' => 'iPhone', 'meta' => ['n' => [1, 2]]]);

$times = ['last_seen_at' => 0, 'expires_at' => 0];
$listed = json_decode(json_encode(sso_logins('ada', 'ios')[0]), true);
var_dump(logins_of('ada'), array_diff_key($listed, $times) == array_diff_key(['current' => false] + $login, $times));
var_dump(sso_notify('ada', ['text' => 'hello']), sso_notify('ada', null, 'pc'), sso_notify('ada', 1.5, 'tv'), sso_notify('bob', []));
var_dump(sso_login_ids('ada'));
var_dump(sso_kick('ada', 'tv'), sso_kick('ada', 'pc'), logins_of('ada'), $pc->request('return sso_kicked()->reason;'));
var_dump(sso_kick('ada', reason: 'password-changed'), logins_of('ada'));
$kick = $phone->request('return sso_kicked();');
var_dump($kick['reason'], $kick['code'], $kick['login'] === $login['id'], $kick['by_device'], $kick['by_label']);
var_dump(session_status() === PHP_SESSION_NONE, session_id());
?>
--EXPECT--
array(0) {
}
int(0)
int(0)
array(0) {
}
string(16) "pc:PC ios:iPhone"
bool(true)
int(2)
int(1)
int(0)
int(0)
array(2) {
  [0]=>
  string(6) "pc#ada"
  [1]=>
  string(7) "ios#ada"
}
int(0)
int(1)
string(10) "ios:iPhone"
string(6) "kicked"
int(1)
string(0) ""
string(16) "password-changed"
int(-5)
bool(true)
NULL
NULL
bool(true)
string(0) ""
