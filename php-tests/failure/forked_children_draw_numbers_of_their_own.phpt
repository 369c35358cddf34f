--TEST--
what tells logins, locks and records apart is random in each forked child
--SKIPIF--
<?php
if (!function_exists('pcntl_fork')) die('skip needs pcntl');
?>
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

function login(string $uid): string
{
    start(session_create_id());
    $login = sso_claim($uid);
    session_write_close();
    return substr($login->id, 10); // behind the time
}

$seen = [login('parent')];
foreach (['one', 'two', 'three'] as $uid) {
    [$mine, $childs] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
    if (pcntl_fork() === 0) {
        fwrite($childs, login($uid));
        ob_end_clean();
        exit;
    }
    fclose($childs);
    $seen[] = stream_get_contents($mine);
    pcntl_wait($status);
}
$seen[] = login('parent again');
var_dump(count(array_filter($seen)), count(array_unique($seen)));
?>
--EXPECT--
int(5)
int(5)
