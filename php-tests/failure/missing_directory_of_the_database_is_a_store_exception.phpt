--TEST--
a DSN in a directory that does not exist is a StoreException that names it and the directive
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=sqlite:/nonexistent/rsso.sqlite
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$thrown = thrown_by(session_start(...));
echo strtok($thrown, ':'), "\n";
foreach (['No such file or directory', 'rsso.dsn', 'the directory must exist'] as $said) {
    var_dump(str_contains($thrown, $said));
}
var_dump(substr_count($thrown, 'sqlite:/nonexistent/rsso.sqlite'));
?>
--EXPECT--
Rsso\StoreException
bool(true)
bool(true)
bool(true)
int(1)
