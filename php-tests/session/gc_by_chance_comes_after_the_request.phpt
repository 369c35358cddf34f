--TEST--
gc that session.gc_probability asks for removes expired sessions when the request is over
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn="sqlite:{TMP}/gc-by-chance.sqlite"
session.gc_maxlifetime=1
session.gc_probability=1
session.gc_divisor=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

stored_session(['n' => 1]);
sleep(3);
another_php('session_id("visitor"); session_start(); $_SESSION["n"] = 1;', ['session.gc_maxlifetime' => '1000']);
start(session_create_id());
var_dump(session_gc());
session_destroy();
?>
--EXPECT--
int(0)
