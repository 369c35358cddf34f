--TEST--
a user error handler that throws turns rsso's warning into its exception, and sessions go on
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
set_error_handler(fn (int $level, string $message) => throw new ErrorException($message));
start($id);
destroy_elsewhere($id);
$_SESSION['n'] = 2;
echo thrown_by(session_write_close(...)), "\n";

echo thrown_by(fn () => ini_set('rsso.lock_wait', 'banana')), "\n";
$next = stored_session(['n' => 3]);
var_dump(stored($next)['n'], lock_is_free($id));
?>
--EXPECT--
ErrorException: session_write_close(): rsso: the session was destroyed or expired while this request was using it; its changes are not stored
ErrorException: ini_set(): rsso: rsso.lock_wait: must be seconds from 0 to 3600
int(3)
bool(true)
