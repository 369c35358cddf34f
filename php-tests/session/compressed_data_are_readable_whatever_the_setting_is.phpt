--TEST--
what was stored with one rsso.compress is read with every other; what is short or cannot be made smaller is stored as it is
--INI--
session.use_cookies=0
session.cache_limiter=
session.serialize_handler=php_serialize
rsso.compress_min=1000
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$texts = [
    'short' => 'short',
    'long' => str_repeat('what is said again and again, ', 1000),
    'noise' => random_bytes(20000),
    'empty' => '',
];
$all = ['off', 'zstd', 'lz4'];
foreach ($all as $written) {
    foreach ($texts as $name => $text) {
        ini_set('rsso.compress', $written);
        $id = start(session_create_id());
        $_SESSION['text'] = $text;
        session_write_close();
        foreach ($all as $read) {
            ini_set('rsso.compress', $read);
            start($id);
            if ($_SESSION['text'] !== $text) {
                echo "$name: $written is not read with $read\n";
            }
            $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
            session_write_close();
        }
        start($id);
        if ($_SESSION['n'] !== 3 || $_SESSION['text'] !== $text) {
            echo "$name: lost\n";
        }
        session_write_close();
    }
}
echo "done\n";
?>
--EXPECT--
done
