--TEST--
regenerating the id does not bring back what was destroyed meanwhile
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach (['1', '0'] as $lock) {
    foreach ([false, true] as $delete) {
        ini_set('rsso.lock', $lock);
        $old = stored_session(['user' => 'ada']);
        start($old);
        destroy_elsewhere($old);
        @session_regenerate_id($delete);
        $new = session_id();
        @session_write_close();
        var_dump(stored($old), stored($new)['user'] ?? null);
    }
}
?>
--EXPECTF--
array(0) {
}
NULL
array(0) {
}
NULL
array(0) {
}
NULL
array(0) {
}
NULL
