--TEST--
a session that was ended while the request was using it makes no login: start another one, and log in again
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/browsers.inc';

foreach ([true, false] as $rotates) {
    // Kicked meanwhile, with a login; destroyed meanwhile, without one.
    foreach (['ada', ''] as $uid) {
        $id = stored_session(['n' => 1]);
        start($id);
        if ($uid !== '') {
            sso_claim($uid, options: ['rotate_id' => false]);
            (new Browser)->log_in($uid);
        } else {
            destroy_elsewhere($id);
        }
        try {
            sso_claim('bob', options: ['rotate_id' => $rotates]);
            echo "claimed\n";
        } catch (Rsso\LoginRefusedException $refused) {
            echo $refused->reason, ': ', $refused->getMessage(), "\n";
            var_dump($refused->logins, sso_logins('bob'));
        }
        show(fn () => session_write_close());
        start(session_create_id());
        var_dump(sso_claim('bob')->uid);
        session_destroy();
    }
}
?>
--EXPECT--
ended: rsso: the session of this request was ended elsewhere, or cannot be written: start a session again and log in again
array(0) {
}
array(0) {
}
warning: session_write_close(): rsso: the session's login was ended while this request was using it (sso_kicked() says why); its changes are not stored
true
string(3) "bob"
ended: rsso: the session of this request was ended elsewhere, or cannot be written: start a session again and log in again
array(0) {
}
array(0) {
}
warning: session_write_close(): rsso: the session was destroyed or expired while this request was using it; its changes are not stored
true
string(3) "bob"
ended: rsso: the session of this request was ended elsewhere, or cannot be written: start a session again and log in again
array(0) {
}
array(0) {
}
true
string(3) "bob"
ended: rsso: the session of this request was ended elsewhere, or cannot be written: start a session again and log in again
array(0) {
}
array(0) {
}
true
string(3) "bob"
