--TEST--
where headers were sent already, sso_claim() leaves the session's id, and warns of it unless that was asked for
--INI--
session.use_cookies=1
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$id = start();
echo "output\n";
ob_end_flush();
flush();
var_dump(headers_sent());
show(fn () => [sso_claim('ada')->uid, session_id() === $id, sso_current()->uid]);
// The login is there: there is nothing to change for.
show(fn () => sso_claim('ada')->uid);
show(fn () => [sso_claim('bob', options: ['rotate_id' => false])->uid, session_id() === $id]);
// An error handler that throws keeps the login from being made.
sso_release();
set_error_handler(function (int $level, string $message) { throw new ErrorException($message); });
echo substr(thrown_by(fn () => sso_claim('eve')), 0, 60), "\n";
restore_error_handler();
var_dump(sso_current());

echo another_php(<<<'PHP'
    session_set_save_handler(new Rsso\SessionHandler());
    session_start();
    echo "object\n";
    set_error_handler(function (int $level, string $message) { echo $level === E_WARNING ? 'warning' : $level, ": $message\n"; });
    echo sso_claim('ada')->uid, "\n", sso_claim('bob', options: ['rotate_id' => false])->uid, "\n";
    PHP, ['session.use_cookies' => '1']);

// Without cookies the application carries the id itself.
echo another_php(<<<'PHP'
    session_start();
    echo "no cookies\n";
    set_error_handler(function (int $level, string $message) { echo "$message\n"; });
    echo sso_claim('ada')->uid, "\n";
    PHP);
?>
--EXPECTF--
output
bool(true)
warning: sso_claim(): rsso: headers were already sent (output started at %sclaim_after_headers_keeps_the_session_id.php:%d), so the session keeps the id that it had before the login, and whoever planted that id in the browser has the login, too; call sso_claim() before any output, or say 'rotate_id' => false if the id is to stay
["ada",true,"ada"]
"ada"
["bob",true]
ErrorException: sso_claim(): rsso: headers were already sent
NULL
object
warning: sso_claim(): rsso: headers were already sent (output started at Command line code:3), so the session keeps the id that it had before the login, and whoever planted that id in the browser has the login, too; call sso_claim() before any output, or say 'rotate_id' => false if the id is to stay
ada
bob
no cookies
ada
