--TEST--
of session.save_path = "N;MODE;/path" the path counts
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$directory = new_directory();
foreach (["2;$directory", "2;0600;$directory"] as $save_path) {
    ini_set('session.save_path', $save_path);
    $id = stored_session(['n' => 1]);
    var_dump(stored($id, ['session.save_path' => $directory])['n']);
}
var_dump(is_file("$directory/rsso.sqlite"));
?>
--EXPECT--
int(1)
int(1)
bool(true)
