--TEST--
a bad DSN in session.save_path is a ConfigException without its password
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach (['redis://:mauveelephant@h:1?nonesuch=1', 'http://h', 'redis://:mauve#elephant@h', 'redis://:mauve/elephant@h'] as $dsn) {
    ini_set('session.save_path', $dsn);
    echo thrown_by(session_start(...)), "\n";
}
?>
--EXPECT--
Rsso\ConfigException: rsso: session.save_path: has an unknown parameter 'nonesuch'; with this scheme there are: db
Rsso\ConfigException: rsso: session.save_path: unknown scheme http://; accepted are sqlite:/path/to/file.db, redis://host:port/db, rediss://host:port/db, redis+unix:///path/to/socket?db=N, mysql://user:password@host:port/database
Rsso\ConfigException: rsso: session.save_path: cannot be parsed (empty host); percent-encode '/', '?', '#', '@' and '%' in a password, or use rsso.password
Rsso\ConfigException: rsso: session.save_path: cannot be parsed (empty host); percent-encode '/', '?', '#', '@' and '%' in a password, or use rsso.password
