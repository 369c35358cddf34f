--TEST--
with rsso.store_empty=0 a new session that is empty is not stored, and gives its lock back
--INI--
session.use_cookies=0
session.cache_limiter=
session.lazy_write=1
rsso.store_empty=0
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach (['php', 'php_serialize'] as $serializer) {
    foreach ([1, 0] as $lazy) {
        ini_set('session.serialize_handler', $serializer);
        ini_set('session.lazy_write', $lazy);
        echo "$serializer, lazy_write=$lazy\n";

        // An id of our own, and one that a browser brought.
        $own = start(session_create_id());
        session_write_close();
        $brought = start(str_repeat('b', 40));
        session_write_close();
        foreach ([$own, $brought] as $id) {
            var_dump(lock_is_free($id), is_stored($id));
        }

        // Something is put into it: stored, and then also when it is emptied.
        start($brought);
        $_SESSION['n'] = 1;
        session_write_close();
        var_dump(is_stored($brought));
        start($brought);
        $_SESSION = [];
        session_write_close();
        var_dump(is_stored($brought), stored($brought, ['session.serialize_handler' => $serializer]));

        // A login is something.
        $visitor = start(session_create_id());
        sso_claim('ada', options: ['rotate_id' => false]);
        session_write_close();
        var_dump(is_stored($visitor));

        start($brought);
        session_destroy();
    }
}

function is_stored(string $id): bool
{
    $ini = ['session.use_strict_mode' => '1', 'session.serialize_handler' => ini_get('session.serialize_handler')];
    return another_php('session_id($argv[1]); session_start(); echo session_id() === $argv[1] ? "yes" : "no";', $ini, $id) === 'yes';
}
?>
--EXPECT--
php, lazy_write=1
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
bool(true)
array(0) {
}
bool(true)
php, lazy_write=0
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
bool(true)
array(0) {
}
bool(true)
php_serialize, lazy_write=1
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
bool(true)
array(0) {
}
bool(true)
php_serialize, lazy_write=0
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
bool(true)
array(0) {
}
bool(true)
