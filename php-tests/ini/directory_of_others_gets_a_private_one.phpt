--TEST--
in a directory that others can write to the sessions are in a private one
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

ini_set('session.save_path', $directory = new_directory(01777));
$id = stored_session(['n' => 1]);
[$private] = glob("$directory/*");
var_dump(preg_match('/^rsso-\d+$/', basename($private)));
printf("%o\n", fileperms($private) & 0777);
var_dump(array_map(basename(...), glob("$private/*.sqlite")));
?>
--EXPECT--
int(1)
700
array(1) {
  [0]=>
  string(11) "rsso.sqlite"
}
