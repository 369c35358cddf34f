--TEST--
a user error handler that exits ends the request, and leaves no lock
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
$code = 'set_error_handler(function ($level, $message) { echo "exit: $message\n"; exit; });
    session_id($argv[1]); session_start(); $_SESSION["n"] = 2;
    (new Rsso\SessionHandler(options: ["lock" => false]))->destroy($argv[1]);
    session_write_close(); echo "not reached\n";';
echo another_php($code, [], $id);
var_dump(stored($id), lock_is_free($id));
?>
--EXPECT--
exit: session_write_close(): rsso: the session was destroyed or expired while this request was using it; its changes are not stored
array(0) {
}
bool(true)
