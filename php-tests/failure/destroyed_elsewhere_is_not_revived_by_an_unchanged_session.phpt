--TEST--
an unchanged session does not bring back what was destroyed meanwhile
--INI--
session.use_cookies=0
session.cache_limiter=
session.lazy_write=1
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach (['1', '0'] as $lock) {
    ini_set('rsso.lock', $lock);
    $id = stored_session(['n' => 1]);
    start($id);
    destroy_elsewhere($id);
    show(session_write_close(...));
    var_dump(stored($id));
}
?>
--EXPECT--
true
array(0) {
}
true
array(0) {
}
