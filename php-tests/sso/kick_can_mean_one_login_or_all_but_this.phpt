--TEST--
sso_kick() can mean one login by its id, or all but that of this request; all conditions must fit
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.max_logins=0
--FILE--
<?php
require __DIR__ . '/browsers.inc';

foreach (['a', 'b', 'c', 'd'] as $label) {
    (new Browser)->log_in('ada', $label === 'd' ? 'ios' : 'web', ['label' => $label]);
}
$ids = array_column(sso_logins('ada'), 'id', 'label');
var_dump(sso_kick('ada', options: ['login' => $ids['b']]), sso_kick('ada', options: ['login' => $ids['b']]), logins_of('ada'));
var_dump(sso_kick('bob', options: ['login' => $ids['a']]), sso_kick('ada', 'ios', options: ['login' => $ids['a']]), logins_of('ada'));

start();
$own = sso_claim('ada', options: ['label' => 'own']);
var_dump(sso_kick('ada', options: ['except_current' => true, 'login' => $own->id]), logins_of('ada'));
var_dump(sso_kick('ada', 'web', options: ['except_current' => true]), logins_of('ada'));
var_dump(sso_kick('ada', options: ['except_current' => true]), logins_of('ada'), sso_logins('ada')[0]->current);

// Its own as well: this request can finish, but not store.
$_SESSION['n'] = 1;
var_dump(sso_kick('ada', options: ['except_current' => false]), logins_of('ada'));
show(fn () => session_write_close());

// Without a session nothing is excepted.
(new Browser)->log_in('ada');
var_dump(sso_kick('ada', options: ['except_current' => true]));
?>
--EXPECT--
int(1)
int(0)
string(17) "web:a web:c ios:d"
int(0)
int(0)
string(17) "web:a web:c ios:d"
int(0)
string(25) "web:a web:c ios:d web:own"
int(2)
string(13) "ios:d web:own"
int(1)
string(7) "web:own"
bool(true)
int(1)
string(0) ""
warning: session_write_close(): rsso: the session's login was ended while this request was using it (sso_kicked() says why); its changes are not stored
true
int(1)
