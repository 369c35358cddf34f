--TEST--
a session that was destroyed and begun anew by another request is not overwritten by the one before
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
rsso.lock=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['life' => 1]);
start($id);
destroy_elsewhere($id);
echo another_php('session_id($argv[1]); session_start(); $_SESSION["life"] = 2;', [], $id);
$_SESSION['n'] = 2;
show(session_write_close(...));
var_dump(stored($id));
?>
--EXPECT--
warning: session_write_close(): rsso: the session was destroyed or expired while this request was using it; its changes are not stored
true
array(1) {
  ["life"]=>
  int(2)
}
