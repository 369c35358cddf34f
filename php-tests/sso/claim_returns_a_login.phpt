--TEST--
sso_claim() returns the login, with all that was given
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

start();
$before = time();
$login = sso_claim('ada', 'ios', ['label' => 'Safari on iPhone ☎', 'meta' => ['theme' => 'dark', 'size' => 1.0, 'more' => ['a', null, true]]]);
var_dump($login instanceof Rsso\Login, preg_match('/^[0-9A-HJKMNP-TV-Z]{26}$/', $login->id));
var_dump($login->uid, $login->device, $login->label, $login->meta === ['theme' => 'dark', 'size' => 1.0, 'more' => ['a', null, true]]);
var_dump($login->claimed_at >= $before && $login->claimed_at <= time(), $login->current, $login->kicks);

// What the store has is the same, in this request and in the next.
$lasts = fn ($login) => $login->last_seen_at >= $before && $login->last_seen_at <= time()
    && abs($login->expires_at - time() - ini_get('session.gc_maxlifetime')) < 120;
var_dump(same_login(sso_current(), $login), count(sso_logins('ada')) === 1 && same_login(sso_logins('ada')[0], $login));
var_dump($lasts($login), $lasts(sso_current()), $lasts(sso_logins('ada')[0]));
session_write_close();
session_start();
var_dump(same_login(sso_current(), $login));

// What is not given is not there; an int is a user as its decimal text; any bytes are.
$login = sso_claim(-42);
var_dump($login->uid, $login->device, $login->label, $login->meta);
$login = sso_claim("\0\xff#", options: ['label' => null, 'meta' => null]);
var_dump(bin2hex($login->uid), bin2hex(sso_current()->uid), bin2hex(sso_logins("\0\xff#")[0]->uid));
?>
--EXPECT--
bool(true)
int(1)
string(3) "ada"
string(3) "ios"
string(20) "Safari on iPhone ☎"
bool(true)
bool(true)
bool(true)
array(0) {
}
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
string(3) "-42"
string(3) "web"
NULL
array(0) {
}
string(6) "00ff23"
string(6) "00ff23"
string(6) "00ff23"
