--TEST--
a session.save_path that does not exist is a ConfigException that names it
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
session.save_path=/nonexistent/rsso
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

echo thrown_by(session_start(...)), "\n";
?>
--EXPECT--
Rsso\ConfigException: rsso: session.save_path: /nonexistent/rsso: No such file or directory (os error 2); name a directory that PHP's user can write to, or set rsso.dsn
