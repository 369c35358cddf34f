--TEST--
a DSN in php.ini that cannot be used is an exception, not another store
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

echo another_php('try { session_start(); } catch (Throwable $t) { echo $t::class, ": ", $t->getMessage(), "\n"; }
    ini_set("rsso.dsn", ""); var_dump(session_start());',
    ['rsso.dsn' => 'redsi://10.0.0.1', 'display_startup_errors' => '0', 'log_errors' => '0']);
?>
--EXPECTF--
%ARsso\ConfigException: rsso: rsso.dsn: unknown scheme redsi:// (is redis meant?); accepted are %s
bool(true)
