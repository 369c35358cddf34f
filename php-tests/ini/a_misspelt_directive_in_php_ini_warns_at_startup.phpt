--TEST--
what php.ini sets below rsso. and nobody knows is warned of once, with the name that may be meant
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dns=redis://:mauveelephant@localhost
rsso.max_login=3
rsso.nonesuch_at_all=1
--FILE--
<?php
var_dump(session_start());
var_dump(ini_get('rsso.dns'));
?>
--EXPECTF--
%AWarning: %Srsso: rsso.dns: is not a directive of rsso; is rsso.dsn meant? in Unknown on line 0
%AWarning: %Srsso: rsso.max_login: is not a directive of rsso; is rsso.max_logins meant? in Unknown on line 0
%AWarning: %Srsso: rsso.nonesuch_at_all: is not a directive of rsso; rsso.ini lists all there are in Unknown on line 0
%Abool(true)
bool(false)
