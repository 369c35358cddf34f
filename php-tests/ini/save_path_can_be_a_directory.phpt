--TEST--
a directory in session.save_path holds the sessions in rsso.sqlite, for this user only
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

ini_set('session.save_path', $directory = new_directory());
$id = stored_session(['n' => 1]);
foreach (glob("$directory/*") as $file) {
    printf("%s %o\n", basename($file), fileperms($file) & 0777);
}
var_dump(stored($id, ['session.save_path' => $directory]));
?>
--EXPECT--
rsso.sqlite 600
rsso.sqlite-lock 600
rsso.sqlite-shm 600
rsso.sqlite-wal 600
array(1) {
  ["n"]=>
  int(1)
}
