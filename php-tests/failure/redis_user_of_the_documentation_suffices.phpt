--TEST--
the Redis user of docs/redis.md may do all that rsso does, and cannot touch other keys
--SKIPIF--
<?php
require __DIR__ . '/../helpers.inc';
if (!is_file(root() . '/docs/redis.md')) die('skip cannot find docs/redis.md: set RSSO_ROOT to the repository');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.lock_ttl=20
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

preg_match('/^ACL SETUSER rsso .*$/m', file_get_contents(root() . '/docs/redis.md'), $line);
$redis = new Redis;
echo trim(redis_says($redis->dsn(), ...explode(' ', $line[0]))), "\n";
ini_set('rsso.dsn', $dsn = $redis->dsn('rsso:password@') . '/1');
$ini = ['rsso.dsn' => $dsn, 'rsso.lock_ttl' => '20'];

// New, unchanged, changed, regenerated, reset, destroyed.
$id = stored_session(['n' => 0]);
start($id);
session_write_close();
start($id);
$_SESSION['n'] = 1;
session_regenerate_id(false);
session_regenerate_id(true);
session_reset();
session_destroy();
(new Rsso\SessionHandler)->updateTimestamp(session_create_id(), '');

// Without a lock, over a session that was born meanwhile.
ini_set('rsso.lock', '0');
start($unlocked = session_create_id());
another_php('session_id($argv[1]); session_start(); $_SESSION["n"] = 1;', $ini, $unlocked);
$_SESSION['n'] = 2;
session_write_close();
ini_restore('rsso.lock');

// Many who wait.
$code = 'for ($i = 0; $i < 10; $i++) { session_id($argv[1]); session_start(); $_SESSION["n"]++; usleep(2000); session_write_close(); }';
$workers = [];
for ($i = 0; $i < 3; $i++) {
    $workers[] = new OtherPhp($code, $ini, $id);
}
foreach ($workers as $worker) {
    echo $worker->rest();
}
var_dump(stored($id, $ini)['n'], stored($unlocked, $ini)['n']);

// A holder that is killed while somebody waits.
$holder = new OtherPhp('session_id($argv[1]); session_start(); echo "in\n"; sleep(60);', $ini, $id);
$holder->line();
$waiter = new OtherPhp('session_id($argv[1]); echo "waiting\n"; $t = microtime(true); session_start(); echo microtime(true) - $t < 10 ? "in time" : "late";', $ini, $id);
$waiter->line();
usleep(300_000);
$holder->kill();
echo $waiter->rest(), "\n";

// Keys of others.
$foreign = $ini;
$foreign['rsso.prefix'] = 'other:';
$said = another_php('session_start(); $_SESSION["n"] = 1; session_write_close();', $foreign);
var_dump(str_contains($said, "ACL does not allow"), str_contains($said, 'password@'));
?>
--EXPECT--
+OK
+OK
int(31)
int(2)
in time
bool(true)
bool(false)
