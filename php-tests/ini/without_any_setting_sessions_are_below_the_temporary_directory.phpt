--TEST--
with neither rsso.dsn nor session.save_path sessions are below the temporary directory
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
session.save_path=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$temporary = new_directory(01777);
putenv("TMPDIR=$temporary");
$id = another_php('session_start(); $_SESSION["n"] = 1; echo session_id();', ['rsso.dsn' => '', 'session.save_path' => '']);
var_dump(count(glob("$temporary/rsso-*/rsso.sqlite")));
var_dump(stored($id, ['rsso.dsn' => '', 'session.save_path' => '']));
?>
--EXPECT--
int(1)
array(1) {
  ["n"]=>
  int(1)
}
