--TEST--
a bad value in php.ini warns at startup, and no session starts on another value
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.lock_wait=banana
rsso.lock_failure=ignore
--FILE--
<?php
// What php.ini says stands: it is shown as it is, and not replaced by what nobody asked for.
var_dump(ini_get('rsso.lock_wait'), ini_get('rsso.lock_failure'));
try {
    session_start();
} catch (Rsso\ConfigException $thrown) {
    echo $thrown->getMessage(), "\n";
}
?>
--EXPECTF--
%AWarning: %Srsso: rsso.lock_wait: must be seconds from 0 to 3600 in Unknown on line 0
%AWarning: %Srsso: rsso.lock_failure: must be 'error' or 'readonly' in Unknown on line 0
%Astring(6) "banana"
string(6) "ignore"
rsso: rsso.lock_failure: 'ignore' cannot be used: must be 'error' or 'readonly'
