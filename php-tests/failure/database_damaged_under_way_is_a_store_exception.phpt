--TEST--
a database that is damaged while it is open is a StoreException
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$path = new_directory() . '/rsso.sqlite';
ini_set('rsso.dsn', "sqlite:$path");
$id = stored_session(['n' => str_repeat('x', 100_000)]);
another_php('session_start();', ['rsso.dsn' => "sqlite:$path"]);
foreach (["$path-wal", $path] as $file) {
    $handle = fopen($file, 'r+');
    fseek($handle, $file === $path ? 0 : 32);
    fwrite($handle, random_bytes(filesize($file)));
    fclose($handle);
}
echo explode(':', another_php('try { session_id($argv[1]); session_start(); echo "started"; } catch (Throwable $t) { echo $t::class, ": "; }', ['rsso.dsn' => "sqlite:$path"], $id))[0], "\n";
?>
--EXPECT--
Rsso\StoreException
