--TEST--
increments of one session by many processes at once are all kept
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 0]);
$code = 'for ($i = 0; $i < 25; $i++) {
    session_id($argv[1]); session_start(); $n = $_SESSION["n"]; usleep(500); $_SESSION["n"] = $n + 1; session_write_close();
}';
$workers = [];
for ($i = 0; $i < 4; $i++) {
    $workers[] = new OtherPhp($code, [], $id);
}
foreach ($workers as $worker) {
    echo $worker->rest();
}
var_dump(stored($id)['n']);
?>
--EXPECT--
int(100)
