--TEST--
logins work below a class that extends PHP's SessionHandler, and with Rsso\SessionHandler
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/browsers.inc';

final class Mine extends SessionHandler
{
    public function read(string $id): string|false { return strrev(parent::read($id)); }
    public function write(string $id, string $data): bool { return parent::write($id, strrev($data)); }
}

final class MyRsso extends Rsso\SessionHandler
{
    public function read(string $id): string|false { return strrev(parent::read($id)); }
    public function write(string $id, string $data): bool { return parent::write($id, strrev($data)); }
}

foreach ([new Mine, new Rsso\SessionHandler, new MyRsso] as $handler) {
    session_set_save_handler($handler, false);
    $before = start();
    $_SESSION['n'] = 1;
    $login = sso_claim('ada');
    $claimed = session_id();
    foreach ([true, false] as $delete) {
        session_regenerate_id($delete);
        $_SESSION['n']++;
    }
    $id = session_id();
    session_write_close();
    start($id);
    echo $handler::class, ' ', json_encode([
        $before !== $claimed, $claimed !== $id, session_id() === $id, same_login(sso_current(), $login), $_SESSION, count(sso_logins('ada')),
        sso_release(), sso_current(), sso_logins('ada'), sso_claim('ada')->kicks, session_destroy(), sso_logins('ada'),
    ]), "\n";
    session_id('');
}

// Whoever it was by, the kicked one learns it.
session_set_save_handler(new Rsso\SessionHandler, false);
$id = start();
sso_claim('ada', options: ['rotate_id' => false]);
session_write_close();
(new Browser)->log_in('ada');
start($id);
var_dump(sso_kicked()->reason, session_id() !== $id);
?>
--EXPECT--
Mine [true,true,true,true,{"n":3},1,true,null,[],[],true,[]]
Rsso\SessionHandler [true,true,true,true,{"n":3},1,true,null,[],[],true,[]]
MyRsso [true,true,true,true,{"n":3},1,true,null,[],[],true,[]]
string(8) "replaced"
bool(true)
