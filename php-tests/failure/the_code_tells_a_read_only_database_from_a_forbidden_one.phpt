--TEST--
a database that is read-only has another code than one that belongs to somebody else
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
const SOMEBODY = 65534;
preg_match('/-d "extension=([^"]+)"/', getenv('TEST_PHP_EXTRA_ARGS'), $extension);
$library = '/tmp/rsso-' . bin2hex(random_bytes(6)) . '.so';
copy($extension[1], $library);
chmod($library, 0755);
mkdir($directory = "$library.d", 0755);
chown($directory, SOMEBODY);

/** What somebody else's session_start() throws, as the constant of its code. */
function kind(string $directory, string $library): string
{
    $code = 'try { session_start(); session_abort(); echo "nothing"; } catch (Rsso\StoreException $thrown) {
        echo array_flip((new ReflectionClass($thrown))->getConstants())[$thrown->getCode()]; }';
    $command = ['setpriv', '--reuid=' . SOMEBODY, '--regid=' . SOMEBODY, '--clear-groups', PHP_BINARY, '-n', '-d', "extension=$library",
        '-d', 'session.save_handler=rsso', '-d', 'session.use_cookies=0', '-d', "rsso.dsn=sqlite:$directory/rsso.sqlite", '-r', $code];
    return shell_exec(implode(' ', array_map(escapeshellarg(...), $command))) ?? '';
}

/** Leaves nothing in the directory but an empty database, with this owner and mode. */
function only(string $directory, int $owner, int $mode): void
{
    array_map(unlink(...), glob("$directory/*"));
    touch("$directory/rsso.sqlite");
    chown("$directory/rsso.sqlite", $owner);
    chmod("$directory/rsso.sqlite", $mode);
}

only($directory, SOMEBODY, 0600);
echo 'its own: ', kind($directory, $library), "\n";
only($directory, SOMEBODY, 0400);
echo 'its own, read-only: ', kind($directory, $library), "\n";
only($directory, 0, 0600);
echo "root's: ", kind($directory, $library), "\n";
array_map(unlink(...), glob("$directory/*"));
chown($directory, 0);
echo "in root's directory: ", kind($directory, $library), "\n";

rmdir($directory);
unlink($library);
?>
--EXPECT--
its own: nothing
its own, read-only: READ_ONLY
root's: NOT_ALLOWED
in root's directory: NOT_ALLOWED
