--TEST--
megabytes of random bytes come back as they were
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach ([0, 1, 1000, 100_000, 8_000_000] as $length) {
    $data = $length > 0 ? random_bytes($length) : '';
    $id = stored_session(['data' => $data]);
    start($id);
    var_dump($_SESSION['data'] === $data);
    session_destroy();
}
?>
--EXPECT--
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
