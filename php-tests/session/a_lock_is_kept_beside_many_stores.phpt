--TEST--
a script that looks into many other stores keeps the lock of its session
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
$directory = new_directory();
foreach ([null, new Rsso\SessionHandler] as $handler) {
    if ($handler !== null) {
        session_set_save_handler($handler);
    }
    start($id);
    for ($i = 0; $i < 20; $i++) {
        $other = new Rsso\SessionHandler("sqlite:$directory/$i.db");
        $other->open('', 's');
        $other->read('abcd');
        $other->write('abcd', 'a|i:1;');
        $other->close();
    }
    var_dump(lock_is_free($id));
    $_SESSION['n']++;
    session_write_close();
    var_dump(lock_is_free($id), stored($id)['n']);
}
// Those that are used at once are all kept.
$handlers = [];
for ($i = 0; $i < 20; $i++) {
    $handlers[$i] = new Rsso\SessionHandler("sqlite:$directory/$i.db", ['lock_wait' => 0]);
    $handlers[$i]->open('', 's');
    $handlers[$i]->read('abcd');
}
$second = new Rsso\SessionHandler("sqlite:$directory/0.db", ['lock_wait' => 0]);
$second->open('', 's');
echo get_class((function () use ($second) { try { $second->read('abcd'); } catch (Throwable $e) { return $e; } })()), "\n";
foreach ($handlers as $handler) {
    $handler->write('abcd', 'a|i:2;');
    $handler->close();
}
var_dump($second->read('abcd'));
$second->close();
?>
--EXPECT--
bool(false)
bool(true)
int(2)
bool(false)
bool(true)
int(3)
Rsso\LockTimeoutException
string(6) "a|i:2;"
