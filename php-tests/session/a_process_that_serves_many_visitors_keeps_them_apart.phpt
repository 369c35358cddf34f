--TEST--
a process that serves many visitors tells none of them what another one had, and overwrites nobody's session
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.max_logins=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

/** One visitor's request, as in the loop of a worker: the cookie's id, or none. */
function visit(?string $cookie, callable $page): mixed
{
    $_SESSION = [];
    session_id($cookie ?? '');
    session_start();
    $said = $page();
    session_write_close();
    session_id('');
    return $said;
}

$sign_in = fn (string $uid) => function () use ($uid) {
    $_SESSION['uid'] = $uid;
    sso_claim($uid);
    return session_id();
};
$kicked = fn () => sso_kicked()?->uid;

foreach (['1', '0'] as $strict) {
    ini_set('session.use_strict_mode', $strict);
    echo "strict=$strict\n";
    foreach (['native', 'object'] as $kind) {
        if ($kind === 'object') {
            session_set_save_handler(new Rsso\SessionHandler);
        }
        $uid = "alice$strict$kind";
        $first = visit(null, $sign_in($uid));
        $second = visit(null, $sign_in($uid));
        var_dump(visit($first, $kicked) === $uid);
        foreach (['no cookie' => null, 'an unknown cookie' => str_repeat('f', 32), 'the winner' => $second] as $who => $cookie) {
            echo "$who: ", json_encode(visit($cookie, $kicked)), "\n";
            visit($first, $kicked);
        }

        // An id that this process made and did not store, and that another process has filled meanwhile.
        $id = visit(null, function () { $id = session_id(); session_abort(); return $id; });
        another_php('session_id($argv[1]); session_start(); $_SESSION["cart"] = "full";', ['session.use_strict_mode' => '0'], $id);
        echo json_encode(visit($id, function () use ($id) {
            $seen = [session_id() === $id, $_SESSION];
            $_SESSION['n'] = 1;
            return $seen;
        })), ' ', json_encode(stored($id)), "\n";
    }
}
?>
--EXPECT--
strict=1
bool(true)
no cookie: null
an unknown cookie: null
the winner: null
[true,{"cart":"full"}] {"cart":"full","n":1}
bool(true)
no cookie: null
an unknown cookie: null
the winner: null
[true,{"cart":"full"}] {"cart":"full","n":1}
strict=0
bool(true)
no cookie: null
an unknown cookie: null
the winner: null
[true,{"cart":"full"}] {"cart":"full","n":1}
bool(true)
no cookie: null
an unknown cookie: null
the winner: null
[true,{"cart":"full"}] {"cart":"full","n":1}
