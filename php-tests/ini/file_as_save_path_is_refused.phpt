--TEST--
a file in session.save_path is a ConfigException that names it
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$file = new_directory() . '/file';
touch($file);
ini_set('session.save_path', $file);
echo thrown_by(session_start(...)), "\n";
?>
--EXPECTF--
Rsso\ConfigException: rsso: session.save_path: %s/file: %s; set rsso.dsn to a file of your own
