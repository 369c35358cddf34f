--TEST--
a user error handler that itself uses a session does no harm
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
$log = session_create_id();
set_error_handler(function (int $level, string $message) use ($log): bool {
    $handler = new Rsso\SessionHandler;
    $handler->write($log, 'message|' . serialize($message));
    return true;
});
start($id);
destroy_elsewhere($id);
$_SESSION['n'] = 2;
session_write_close();
restore_error_handler();
var_dump(stored($log));
?>
--EXPECT--
array(1) {
  ["message"]=>
  string(125) "session_write_close(): rsso: the session was destroyed or expired while this request was using it; its changes are not stored"
}
