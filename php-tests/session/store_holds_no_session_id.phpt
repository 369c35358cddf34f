--TEST--
by default the store holds no session id
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

$id = stored_session(['n' => 1]);
var_dump(str_contains(all_that_is_stored(), $id));

/** Everything in the store, as bytes. */
function all_that_is_stored(): string
{
    if (store() === 'sqlite') {
        $path = substr(ini_get('rsso.dsn'), strlen('sqlite:'));
        return implode(array_map(file_get_contents(...), glob("$path*")));
    }
    return redis_says(ini_get('rsso.dsn'), 'KEYS', '*');
}
?>
--EXPECT--
bool(false)
