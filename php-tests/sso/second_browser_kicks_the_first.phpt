--TEST--
one user, one login: a second browser kicks the first, which finds its session empty and learns why
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$first = new Browser;
$second = new Browser;
$old = $first->log_in('ada', 'ios', ['label' => 'iPhone']);
var_dump($first->user());
$before = time();
$new = $second->log_in('ada', 'web', ['label' => 'Firefox on Linux']);

// The newcomer hears whom it has replaced.
$kick = $new['kicks'][0];
var_dump(count($new['kicks']), $kick['login'] === $old['id'], $kick['uid'], $kick['device'], $kick['label'], $kick['reason'], $kick['code']);
var_dump($kick['at'] >= $before && $kick['at'] <= time(), $kick['by_device'], $kick['by_label'], $kick['delivered']);

// And so does the one that was replaced, under a new id.
$presented = $first->id;
var_dump($first->request('return [$_SESSION, sso_current(), sso_kicked()];') == [[], null, $kick], $first->id !== $presented);
// As often as it asks.
var_dump($first->request('return sso_kicked();') == $kick);
var_dump($second->user(), $second->request('return sso_kicked();'), logins_of('ada'));
?>
--EXPECT--
string(3) "ada"
int(1)
bool(true)
string(3) "ada"
string(3) "ios"
string(6) "iPhone"
string(8) "replaced"
int(-4)
bool(true)
string(3) "web"
string(16) "Firefox on Linux"
NULL
bool(true)
bool(true)
bool(true)
string(3) "ada"
NULL
string(20) "web:Firefox on Linux"
