--TEST--
a bad value in php.ini warns at startup and leaves the default
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.lock_wait=banana
rsso.lock_failure=ignore
--FILE--
<?php
var_dump(ini_get('rsso.lock_wait'), ini_get('rsso.lock_failure'));
?>
--EXPECTF--
%AWarning: %Srsso: rsso.lock_wait: must be seconds from 0 to 3600 in Unknown on line 0
%AWarning: %Srsso: rsso.lock_failure: must be 'error' or 'readonly' in Unknown on line 0
%Astring(2) "30"
string(5) "error"
