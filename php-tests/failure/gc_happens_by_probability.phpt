--TEST--
on SQLite session.gc_probability removes expired sessions at session_start()
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
start(session_create_id());
var_dump(session_gc());
session_destroy();
?>
--EXPECT--
int(0)
