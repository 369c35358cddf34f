--TEST--
under strict mode an id of our own stays, whether it was stored or not
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$ways = [
    'read_and_close, start' => function () { session_start(['read_and_close' => true]); yield; session_start(); },
    'abort, start' => function () { session_start(); session_abort(); yield; session_start(); },
    'reset' => function () { session_start(); yield; session_reset(); },
    'close without a change, start' => function () { session_start(); $_SESSION = []; session_abort(); yield; session_start(['read_and_close' => true]); },
];
foreach ([null, new Rsso\SessionHandler] as $handler) {
    if ($handler !== null) {
        session_set_save_handler($handler);
    }
    foreach ($ways as $name => $way) {
        session_id('');
        $steps = $way();
        $steps->current();
        $id = session_id();
        $steps->next();
        echo "$name: ", session_id() === $id ? 'same' : 'CHANGED', "\n";
        if (session_status() === PHP_SESSION_ACTIVE) {
            $_SESSION['n'] = $name;
            session_write_close();
            session_start();
            echo '  ', session_id() === $id ? 'same' : 'CHANGED', ' ', $_SESSION['n'] ?? 'LOST', "\n";
            session_destroy();
        }
    }
}
// One that no store and no process knows is replaced as ever.
session_id('neverheardof');
session_start();
var_dump(session_id() !== 'neverheardof');
?>
--EXPECT--
read_and_close, start: same
  same read_and_close, start
abort, start: same
  same abort, start
reset: same
  same reset
close without a change, start: same
read_and_close, start: same
  same read_and_close, start
abort, start: same
  same abort, start
reset: same
  same reset
close without a change, start: same
bool(true)
