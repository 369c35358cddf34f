--TEST--
under strict mode a failing store or a lock that cannot be had is an exception, and the id stays
--SKIPIF--
<?php
require __DIR__ . '/../helpers.inc';
if (waits_for_ever()) die('skip valgrind lets no deadline pass on SQLite');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
rsso.lock_wait=0.2
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

/** PHP forgets the id of a session that did not start. */
function is_no_other(string $id): bool
{
    return in_array(session_id(), ['', $id], true);
}

final class Extended extends Rsso\SessionHandler {}

foreach (['native' => null, 'object' => fn () => new Rsso\SessionHandler, 'subclass' => fn () => new Extended] as $name => $make) {
    if ($make !== null) {
        session_set_save_handler($make());
    }
    $id = stored_session(['n' => 1]);
    $holder = new OtherPhp('session_id($argv[1]); session_start(); echo "in\n"; fgets(STDIN); $_SESSION["n"]++;', ['session.use_strict_mode' => '0'], $id);
    $holder->line();
    echo "$name\n", explode(':', thrown_by(fn () => start($id)))[0], "\n";
    var_dump(session_status() === PHP_SESSION_NONE, is_no_other($id));
    $holder->go_on();
    echo $holder->rest();
    var_dump(start($id) === $id, $_SESSION['n']);
    session_write_close();
    session_id('');
}

// A lock that a request was granted after its time-out is free when its connection has been missed.
ini_set('rsso.lock_wait', '30');
$redis = new Redis;
ini_set('rsso.dsn', $redis->dsn());
ini_set('rsso.read_timeout', '0.5');
ini_set('rsso.connect_timeout', '0.5');
foreach (['object' => new Rsso\SessionHandler($redis->dsn()), 'native below an object' => new SessionHandler] as $name => $handler) {
    session_set_save_handler($handler);
    $id = stored_session(['n' => 1]);
    $redis->hang();
    echo "$name\n", explode(':', thrown_by(fn () => start($id)))[0], "\n";
    var_dump(session_status() === PHP_SESSION_NONE, is_no_other($id));
    $redis->wake_up();
    var_dump(start($id) === $id, $_SESSION['n']);
    session_write_close();
    session_id('');
}
// And in a process that has no handler object.
$id = stored_session(['n' => 1]);
$redis->hang();
echo "native\n", another_php('
    session_id($argv[1]);
    try { session_start(); } catch (Rsso\StoreException $e) { echo get_class($e), "\n"; }
    var_dump(session_status() === PHP_SESSION_NONE, in_array(session_id(), ["", $argv[1]], true));',
    ['rsso.dsn' => $redis->dsn(), 'rsso.read_timeout' => '0.5', 'rsso.connect_timeout' => '0.5', 'session.use_strict_mode' => '1'], $id);
$redis->wake_up();
?>
--EXPECT--
native
Rsso\LockTimeoutException
bool(true)
bool(true)
bool(true)
int(2)
object
Rsso\LockTimeoutException
bool(true)
bool(true)
bool(true)
int(2)
subclass
Rsso\LockTimeoutException
bool(true)
bool(true)
bool(true)
int(2)
object
Rsso\StoreException
bool(true)
bool(true)
bool(true)
int(1)
native below an object
Rsso\StoreException
bool(true)
bool(true)
bool(true)
int(1)
native
Rsso\StoreException
bool(true)
bool(true)
