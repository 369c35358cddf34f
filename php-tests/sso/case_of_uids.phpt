--TEST--
rsso.uid_case: whether Steve and steve are two users or one
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

ob_start();
foreach (['exact', 'fold'] as $case) {
    ini_set('rsso.uid_case', $case);
    foreach (['Steve', 'steve', 'ÄNNE', 'änne'] as $name) {
        session_id(bin2hex(random_bytes(16)));
        start();
        $login = sso_claim("$case $name", 'web', ['rotate_id' => false]);
        echo $login->uid, ', replaces ', count($login->kicks), ', ', sso_login_id("$case $name", 'web'), "\n";
        session_write_close();
    }
}
echo count(sso_logins('FOLD steve')), ' ', sso_kick('Fold Steve'), "\n";
ob_end_flush();
?>
--EXPECT--
exact Steve, replaces 0, web#exact Steve
exact steve, replaces 0, web#exact steve
exact ÄNNE, replaces 0, web#exact ÄNNE
exact änne, replaces 0, web#exact änne
fold steve, replaces 0, web#fold steve
fold steve, replaces 1, web#fold steve
fold änne, replaces 0, web#fold änne
fold änne, replaces 1, web#fold änne
1 1
