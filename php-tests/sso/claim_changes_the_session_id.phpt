--TEST--
sso_claim() changes the session's id, against fixation: the old one leads nowhere
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

// The id that somebody else put into this browser.
$fixed = stored_session(['cart' => 'book']);
start($fixed);
sso_claim('ada');
$_SESSION['user'] = 'ada';
$id = session_id();
session_write_close();
var_dump($id !== $fixed, stored($fixed), stored($id));

// A new session has nothing to lose: the id is another one all the same.
$new = start(session_create_id());
sso_claim('bob');
var_dump(session_id() !== $new);
session_write_close();

// rotate_id => false.
$kept = stored_session(['cart' => 'pen']);
start($kept);
var_dump(sso_claim('eve', options: ['rotate_id' => false])->current, session_id() === $kept);
session_write_close();
start($kept);
var_dump(sso_current()->uid, $_SESSION);
session_write_close();
?>
--EXPECT--
bool(true)
array(0) {
}
array(2) {
  ["cart"]=>
  string(4) "book"
  ["user"]=>
  string(3) "ada"
}
bool(true)
bool(true)
bool(true)
string(3) "eve"
array(1) {
  ["cart"]=>
  string(3) "pen"
}
