--TEST--
rsso.auto_claim: neither a session that a script writes by hand nor one that it has unset loses or gains a login
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.auto_claim=user
rsso.max_logins=0
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$ada = new Browser;
$ada->request('$_SESSION["user"] = "ada";');

start();
$_SESSION['user'] = 'bob';
// By hand, from a request whose $_SESSION is another one.
$handler = new Rsso\SessionHandler(options: ['realm' => ini_get('rsso.realm')]);
var_dump($handler->write($ada->id, 'user|s:3:"ada";n|i:1;'), $handler->close());
var_dump($ada->request('return [$_SESSION, sso_current()->uid];'), sso_logins('bob'));

// session_regenerate_id(false) writes the old id on the way to the new one.
session_regenerate_id(false);
var_dump(sso_logins('bob'));
$id = session_id();
session_write_close();
var_dump(count(sso_logins('bob')));

// PHP stores what it read where the script has unset the variable.
start($id);
unset($_SESSION);
session_write_close();
start($id);
var_dump($_SESSION, sso_current()->uid);
?>
--EXPECT--
bool(true)
bool(true)
array(2) {
  [0]=>
  array(2) {
    ["user"]=>
    string(3) "ada"
    ["n"]=>
    int(1)
  }
  [1]=>
  string(3) "ada"
}
array(0) {
}
array(0) {
}
int(1)
array(1) {
  ["user"]=>
  string(3) "bob"
}
string(3) "bob"
