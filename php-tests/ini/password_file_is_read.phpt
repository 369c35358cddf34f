--TEST--
the store's password can be in a file
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$redis = new Redis('--requirepass', 'mauve elephant#%');
$file = new_directory() . '/password';
file_put_contents($file, "mauve elephant#%\n");
$code = 'session_start(); $_SESSION["n"] = 1; echo json_encode(session_write_close());';
echo another_php($code, ['rsso.dsn' => $redis->dsn(), 'rsso.password_file' => $file]), "\n";
echo another_php($code, ['rsso.dsn' => $redis->dsn(), 'rsso.password' => 'mauve elephant#%']), "\n";
echo another_php($code, ['rsso.dsn' => $redis->dsn(':mauve%20elephant%23%25@')]), "\n";
echo another_php($code, ['rsso.dsn' => $redis->dsn(':wrong@'), 'rsso.password' => 'mauve elephant#%']), "\n";
?>
--EXPECT--
true
true
true
true
