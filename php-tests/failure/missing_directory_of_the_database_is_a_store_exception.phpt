--TEST--
a DSN in a directory that does not exist is a StoreException that says what to do
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=sqlite:/nonexistent/rsso.sqlite
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

echo thrown_by(session_start(...)), "\n";
?>
--EXPECT--

