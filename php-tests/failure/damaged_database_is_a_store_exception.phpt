--TEST--
a damaged database is a StoreException that says what to do, and is left as it is
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$path = new_directory() . '/rsso.sqlite';
file_put_contents($path, $damaged = str_repeat('not a database ', 1000));
ini_set('rsso.dsn', "sqlite:$path");
$thrown = thrown_by(session_start(...));
echo str_replace(dirname($path), '', $thrown), "\n";
var_dump(file_get_contents($path) === $damaged);

// What the message advises:
array_map(unlink(...), glob("$path*"));
var_dump(stored(stored_session(['n' => 1]), ['rsso.dsn' => "sqlite:$path"]));
?>
--EXPECT--
Rsso\StoreException: rsso: sqlite:/rsso.sqlite: cannot open the database: the file is damaged: move it away with its -wal and -shm files (rsso makes a new one), or restore it from a backup: file is not a database: Error code 26: file is not a database
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
