--TEST--
rsso.password and rsso.password_file can be set in php.ini only
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

show(fn () => ini_set('rsso.password', 'x'));
show(fn () => ini_set('rsso.password_file', '/x'));
?>
--EXPECT--
false
false
