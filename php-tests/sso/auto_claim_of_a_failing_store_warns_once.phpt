--TEST--
rsso.auto_claim: a store that fails under way is one warning, and nothing is stored
--SKIPIF--
<?php
if (getenv('RSSO_TEST_STORE') !== 'sqlite') die('skip damages a file');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.auto_claim=user
--FILE--
<?php
require __DIR__ . '/browsers.inc';

ini_set('rsso.dsn', 'sqlite:' . ($directory = new_directory()) . '/x.sqlite');
start();
$_SESSION['user'] = 'ada';
array_map(unlink(...), glob("$directory/*"));
file_put_contents("$directory/x.sqlite", str_repeat('no database ', 1000));
$warnings = [];
set_error_handler(function (int $level, string $message) use (&$warnings): bool { $warnings[] = $message; return true; });
session_write_close();
var_dump(count($warnings), str_contains($warnings[0], 'x.sqlite'), str_contains($warnings[0], 'cannot store the session; what was stored before is unchanged: '));
?>
--EXPECT--
int(1)
bool(true)
bool(true)
