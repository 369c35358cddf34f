--TEST--
several sessions in one request: each has its own login, and none is carried to another
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=0
--FILE--
<?php
require __DIR__ . '/browsers.inc';

start(session_create_id());
$ada = sso_claim('ada');
$of_ada = session_id();
session_write_close();

start(session_create_id());
var_dump(sso_current());
$bob = sso_claim('bob');
$of_bob = session_id();
session_write_close();

$nobodys = stored_session(['n' => 1]);
foreach ([$of_ada, $nobodys, $of_bob, $of_ada] as $id) {
    start($id);
    echo sso_current()?->uid ?? 'nobody', "\n";
    session_write_close();
}

// One is destroyed, the other begins: not a rotation.
start($of_ada);
session_destroy();
start($nobodys);
var_dump(sso_current(), sso_logins('ada'), count(sso_logins('bob')));
session_regenerate_id(true);
var_dump(sso_current());

// Aborted and read again.
session_write_close();
start($of_bob);
session_abort();
start($of_bob);
session_reset();
var_dump(same_login(sso_current(), $bob));
?>
--EXPECT--
NULL
ada
nobody
bob
ada
NULL
array(0) {
}
int(1)
NULL
bool(true)
