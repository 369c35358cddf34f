--TEST--
a password file that cannot be read is a ConfigException that names it
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=redis://127.0.0.1:1
rsso.password_file=/nonexistent/password
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

echo thrown_by(session_start(...)), "\n";
?>
--EXPECT--
Rsso\ConfigException: rsso: rsso.password_file: /nonexistent/password: No such file or directory (os error 2)
