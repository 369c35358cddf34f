--TEST--
on SQLite session_gc() removes expired sessions, and only these, and says how many
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn="sqlite:{TMP}/gc.sqlite"
session.gc_maxlifetime=1
session.gc_probability=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

for ($i = 0; $i < 7; $i++) {
    stored_session(['n' => $i]);
}
ini_set('session.gc_maxlifetime', '1000');
$kept = stored_session(['n' => 7]);
sleep(3);
start($kept);
var_dump(session_gc(), session_gc());
session_write_close();
var_dump(stored($kept));
?>
--EXPECT--
int(7)
int(0)
array(1) {
  ["n"]=>
  int(7)
}
