--TEST--
a lock that was read by hand and never closed is free when the request has ended
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$id = stored_session(['n' => 1]);
echo another_php('$h = new Rsso\SessionHandler; echo strlen($h->read($argv[1])) > 0 ? "read\n" : "empty\n";', [], $id);
var_dump(lock_is_free($id));
?>
--EXPECT--
read
bool(true)
