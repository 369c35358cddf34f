--TEST--
session_regenerate_id() carries the login to the new id, with and without deletion, many times in a request
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

foreach (['0', '1'] as $strict) {
    foreach (['1', '0'] as $lock) {
        foreach ([[false], [true], [true, false, false, true, true]] as $times) {
            ini_set('session.use_strict_mode', $strict);
            ini_set('rsso.lock', $lock);
            start();
            $login = sso_claim('ada');
            $claimed = session_id();
            $_SESSION['n'] = 1;
            foreach ($times as $delete) {
                session_regenerate_id($delete);
            }
            $_SESSION['n']++;
            $id = session_id();
            $is_current = same_login(sso_current(), $login);
            session_write_close();
            start($id);
            echo json_encode([
                $id !== $claimed, $is_current, session_id() === $id, same_login(sso_current(), $login), $_SESSION, count(sso_logins('ada')), sso_kicked(),
            ]), "\n";
            // It still can be kicked.
            var_dump(sso_kick('ada'), sso_logins('ada'));
            @session_write_close();
            session_id('');
        }
    }
}
?>
--EXPECT--
[true,true,true,true,{"n":2},1,null]
int(1)
array(0) {
}
[true,true,true,true,{"n":2},1,null]
int(1)
array(0) {
}
[true,true,true,true,{"n":2},1,null]
int(1)
array(0) {
}
[true,true,true,true,{"n":2},1,null]
int(1)
array(0) {
}
[true,true,true,true,{"n":2},1,null]
int(1)
array(0) {
}
[true,true,true,true,{"n":2},1,null]
int(1)
array(0) {
}
[true,true,true,true,{"n":2},1,null]
int(1)
array(0) {
}
[true,true,true,true,{"n":2},1,null]
int(1)
array(0) {
}
[true,true,true,true,{"n":2},1,null]
int(1)
array(0) {
}
[true,true,true,true,{"n":2},1,null]
int(1)
array(0) {
}
[true,true,true,true,{"n":2},1,null]
int(1)
array(0) {
}
[true,true,true,true,{"n":2},1,null]
int(1)
array(0) {
}
