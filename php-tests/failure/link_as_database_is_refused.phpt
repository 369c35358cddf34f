--TEST--
a symbolic link in the place of the database is refused
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$directory = new_directory();
symlink('/etc/passwd', "$directory/rsso.sqlite");
ini_set('rsso.dsn', "sqlite:$directory/rsso.sqlite");
var_dump(preg_match('/^Rsso\\\\StoreException: /', thrown_by(session_start(...))));
?>
--EXPECT--
int(1)
