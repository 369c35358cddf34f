--TEST--
Sentinel and cluster DSNs are refused clearly, without their passwords
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach (['redis+sentinel://:pw@a:1,b:2/main', 'redis+cluster://a:1,b:2'] as $dsn) {
    show(fn () => ini_set('rsso.dsn', $dsn));
    echo thrown_by(fn () => new Rsso\SessionHandler($dsn)), "\n";
    ini_set('session.save_path', $dsn);
    echo thrown_by(session_start(...)), "\n";
}
?>
--EXPECT--
warning: ini_set(): rsso: rsso.dsn: redis+sentinel:// is not supported by this version; use redis:// with the master's address
false
Rsso\ConfigException: rsso: rsso.dsn: redis+sentinel:// is not supported by this version; use redis:// with the master's address
Rsso\ConfigException: rsso: session.save_path: redis+sentinel:// is not supported by this version; use redis:// with the master's address
warning: ini_set(): rsso: rsso.dsn: redis+cluster:// is not supported by this version; use redis:// with the master's address
false
Rsso\ConfigException: rsso: rsso.dsn: redis+cluster:// is not supported by this version; use redis:// with the master's address
Rsso\ConfigException: rsso: session.save_path: redis+cluster:// is not supported by this version; use redis:// with the master's address
