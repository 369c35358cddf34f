--TEST--
a write that is refused at the end of a request is warned of
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
echo another_php('session_id($argv[1]); session_start(); $_SESSION["n"] = 2;
    (new Rsso\SessionHandler(options: ["lock" => false]))->destroy($argv[1]);', [], $id);
?>
--EXPECTF--
Warning: %Srsso: the session was destroyed or expired while this request was using it; its changes are not stored in %s on line %d
