--TEST--
gc that session.gc_probability asks for comes before the next session in a process that serves many visitors
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn="sqlite:{TMP}/gc-in-a-loop.sqlite"
session.gc_maxlifetime=1
session.gc_probability=0
session.gc_divisor=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

stored_session(['n' => 1]);
sleep(3);
ini_set('session.gc_maxlifetime', '1000');
ini_set('session.gc_probability', '1');
start();
session_write_close();
ini_set('session.gc_probability', '0');
session_id('');
start();
var_dump(session_gc());
session_destroy();
?>
--EXPECT--
int(0)
