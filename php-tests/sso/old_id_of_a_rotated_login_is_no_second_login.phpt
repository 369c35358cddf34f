--TEST--
the old id of a rotated session serves what was under way, and ends with the login
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/browsers.inc';

foreach (['false', 'true'] as $delete) {
    $browser = new Browser;
    $browser->log_in('ada');
    $late = clone $browser;
    $browser->request("session_regenerate_id($delete);");
    // The answer with the new id has not arrived yet: the old one is the same login.
    var_dump($late->user(), $late->request('return sso_current()->id;') === $browser->request('return sso_current()->id;'));
    var_dump($browser->id !== $late->id, count(sso_logins('ada')));
    (new Browser)->log_in('ada');
    var_dump($browser->user(), $late->user(), count(sso_logins('ada')));
}

// It ends with a logout as well.
$browser = new Browser;
$browser->log_in('bob');
$late = clone $browser;
$browser->request('session_regenerate_id(true);');
$browser->request('session_destroy();');
var_dump($late->user(), sso_logins('bob'));
?>
--EXPECT--
string(3) "ada"
bool(true)
bool(true)
int(1)
NULL
NULL
int(1)
string(3) "ada"
bool(true)
bool(true)
int(1)
NULL
NULL
int(1)
NULL
array(0) {
}
