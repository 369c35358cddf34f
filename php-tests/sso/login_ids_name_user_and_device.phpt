--TEST--
login ids name user and device in one word, and can be taken apart again
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.max_logins=0
--FILE--
<?php
require __DIR__ . '/browsers.inc';

foreach ([['abc001', 'ios'], [7, 'web'], ['a#b', 'pc'], ["\xff\0", 'web']] as [$uid, $device]) {
    $id = sso_login_id($uid, $device);
    var_dump(addcslashes($id, "\0..\37\177..\377"), sso_parse_login_id($id) === ['uid' => (string) $uid, 'device' => $device]);
}
(new Browser)->log_in('abc001', 'tv');
(new Browser)->log_in('abc001', 'web');
(new Browser)->log_in('abc001', 'web');
echo implode(' ', sso_login_ids('abc001')), "\n";

// With marks: one for each of them, and for what has none.
ini_set('rsso.device_marks', '0=pc,1=ios,2=android,3=web');
echo implode(' ', sso_login_ids('abc001')), "\n", implode(' ', sso_login_ids(5)), "\n";
echo sso_login_id('abc001', 'ios'), ' ', sso_login_id('abc001', 'tv'), ' ', json_encode(sso_parse_login_id('2#a#b')), "\n";
echo thrown_by(fn () => sso_login_id('abc001', '0')), "\n";

// A device that is called as a mark now has no id.
ini_set('rsso.device_marks', '');
(new Browser)->log_in('eve', '0');
ini_set('rsso.device_marks', '0=pc');
echo implode(' ', sso_login_ids('eve')), "\n";

// Options of a handler object count in its session.
session_set_save_handler(new Rsso\SessionHandler(options: ['device_marks' => 'P=phone', 'realm' => ini_get('rsso.realm')]), false);
start();
sso_claim('bob', 'phone');
echo sso_login_id('bob', 'phone'), ' ', implode(' ', sso_login_ids('bob')), "\n";
?>
--EXPECT--
string(10) "ios#abc001"
bool(true)
string(5) "web#7"
bool(true)
string(6) "pc#a#b"
bool(true)
string(12) "web#\377\000"
bool(true)
tv#abc001 web#abc001
0#abc001 1#abc001 2#abc001 3#abc001 tv#abc001
0#5 1#5 2#5 3#5
1#abc001 tv#abc001 {"uid":"a#b","device":"android"}
ValueError: sso_login_id(): Argument #2 ($device) is the mark of another device (rsso.device_marks)
0#eve
P#bob P#bob
