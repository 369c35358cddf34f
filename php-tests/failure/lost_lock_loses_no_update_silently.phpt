--TEST--
after a lock was lost to another request, one of the two writes is refused with a warning: no update is lost silently
--SKIPIF--
<?php
require __DIR__ . '/../helpers.inc';
if (!in_array(store(), ['sqlite', 'redis'], true)) die('skip looks into sqlite and redis only');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

// A store of its own: other tests keep their locks.
$redis = store() === 'redis' ? new Redis : null;
$own = ['rsso.dsn' => $redis?->dsn() ?? 'sqlite:' . new_directory() . '/rsso.sqlite', 'display_errors' => '0'];
ini_set('rsso.dsn', $own['rsso.dsn']);
$id = stored_session(['n' => 0]);
$code = 'session_id($argv[1]); session_start(); echo "in\n"; fgets(STDIN);
    $_SESSION["n"]++; session_write_close(); echo error_get_last() === null ? "stored\n" : "refused\n";';
foreach (['first', 'second'] as $who_writes_first) {
    $before = stored($id, $own)['n'];
    $first = new OtherPhp($code, $own, $id);
    $first->line();
    lose_lock();
    $second = new OtherPhp($code, $own, $id);
    $second->line();
    [$one, $other] = $who_writes_first === 'first' ? [$first, $second] : [$second, $first];
    $one->go_on();
    $said = [$one->line()];
    $other->go_on();
    $said[] = $other->line();
    sort($said);
    echo implode(' ', $said), ', ', stored($id, $own)['n'] - $before, "\n";
}

/** What an eviction does on Redis, and a clean-up by hand on SQLite. */
function lose_lock(): void
{
    if (store() === 'sqlite') {
        unlink(substr(ini_get('rsso.dsn'), strlen('sqlite:')) . '-lock');
        return;
    }
    preg_match_all('/^rsso:\S+:l/m', redis_says(ini_get('rsso.dsn'), 'KEYS', '*'), $keys);
    redis_says(ini_get('rsso.dsn'), 'DEL', ...$keys[0]);
}
?>
--EXPECT--
refused stored, 1
refused stored, 1
