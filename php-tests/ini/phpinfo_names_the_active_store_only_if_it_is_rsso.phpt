--TEST--
phpinfo() names no active store where another handler keeps the sessions, and the fault where a directive is bad
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

/** The line about the active store. */
function active(array $ini): string
{
    preg_match('/^Active store => .*$/m', another_php('phpinfo(INFO_MODULES);', $ini + ['log_errors' => '0']), $line);
    return preg_replace('~(sqlite|redis|mysql):\S*~', '$1:…', $line[0] ?? 'no line') . "\n";
}

echo active([]);
echo active(['session.save_handler' => 'files']);
echo active(['session.save_handler' => 'user']);
echo active(['rsso.lock' => 'maybe']);
?>
--EXPECTF--
Active store => %s:…
Active store => none: session.save_handler is files
Active store => none: session.save_handler is %S
Active store => rsso.lock: 'maybe' cannot be used: must be a boolean: 1, 0, on, off, true, false, yes or no
