--TEST--
a DSN in a directory that PHP's user may not write to is a StoreException that says what to do
--SKIPIF--
<?php
if (!is_executable('/usr/bin/setpriv') || (int) shell_exec('id -u') !== 0) die('skip needs root, to be somebody else');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

// As somebody else: root may write anywhere.
preg_match('/-d "extension=([^"]+)"/', getenv('TEST_PHP_EXTRA_ARGS'), $extension);
$library = '/tmp/rsso-' . bin2hex(random_bytes(6)) . '.so';
copy($extension[1], $library);
chmod($library, 0755);
mkdir($directory = "$library.d", 0755);
$code = 'try { session_start(); } catch (Throwable $thrown) { echo $thrown::class, ": ", $thrown->getMessage(), "\n"; }';
$command = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', PHP_BINARY, '-n', '-d', "extension=$library",
    '-d', 'session.save_handler=rsso', '-d', "rsso.dsn=sqlite:$directory/rsso.sqlite", '-r', $code];
$thrown = shell_exec(implode(' ', array_map(escapeshellarg(...), $command)));
unlink($library);
rmdir($directory);

echo strtok($thrown, ':'), "\n";
foreach (["$directory/rsso.sqlite", 'Permission denied', 'rsso.dsn', 'be writable for PHP\'s user'] as $said) {
    var_dump(str_contains($thrown, $said));
}
?>
--EXPECT--
Rsso\StoreException
bool(true)
bool(true)
bool(true)
bool(true)
