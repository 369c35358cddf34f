--TEST--
rsso.storm_limit: logins that replace each other too often are refused, and the last one stays
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.storm_limit=3
--FILE--
<?php
require __DIR__ . '/browsers.inc';

for ($i = 1; $i <= 4; $i++) {
    (new Browser)->log_in('ada', 'web', ['label' => "browser $i"]);
}
start();
for ($i = 0; $i < 2; $i++) {
    try {
        sso_claim('ada', options: ['label' => 'one too many']);
    } catch (Rsso\LoginRefusedException $refused) {
        var_dump($refused->getMessage(), $refused->reason, $refused->logins[0]->label);
    }
}
var_dump(logins_of('ada'), sso_claim('bob')->uid);
?>
--EXPECTF--
string(%d) "rsso: logins of this user replace each other too often (rsso.storm_limit, rsso.storm_limit_hour): is an account shared, or does a program log in again by itself%c Try again in a minute, or within the hour if it has gone on for long"
string(5) "storm"
string(9) "browser 4"
string(%d) "rsso: logins of this user replace each other too often (rsso.storm_limit, rsso.storm_limit_hour): is an account shared, or does a program log in again by itself%c Try again in a minute, or within the hour if it has gone on for long"
string(5) "storm"
string(9) "browser 4"
string(13) "web:browser 4"
string(3) "bob"
