--TEST--
session.save_path can be the DSN
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
session.save_path="sqlite:{TMP}/as-save-path.sqlite?mode=0660"
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
$path = sys_get_temp_dir() . '/as-save-path.sqlite';
var_dump(stored($id, ['rsso.dsn' => "sqlite:$path?mode=0660", 'session.save_path' => '']));
printf("%o\n", fileperms($path) & 0777);
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
660
