--TEST--
rsso.max_logins=3: the fourth login kicks the oldest, by option the least recently used
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.max_logins=3
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$browsers = [];
foreach (['a', 'b', 'c'] as $label) {
    ($browsers[$label] = new Browser)->log_in('ada', 'web', ['label' => $label]);
}
var_dump(logins_of('ada'));
(new Browser)->log_in('ada', 'web', ['label' => 'd']);
var_dump(logins_of('ada'), $browsers['a']->user());

// The times of last use are whole seconds.
sleep(1);
foreach (['b', 'c'] as $label) {
    $browsers[$label]->request('$_SESSION["used"] = 1;');
}
(new Browser)->log_in('ada', 'web', ['label' => 'e', 'victim' => 'idle']);
var_dump(logins_of('ada'));

// A lower limit makes room for itself.
$login = (new Browser)->log_in('ada', 'web', ['label' => 'f', 'max_logins' => '1']);
var_dump(array_column($login['kicks'], 'label'), logins_of('ada'));
?>
--EXPECT--
string(17) "web:a web:b web:c"
string(17) "web:b web:c web:d"
NULL
string(17) "web:b web:c web:e"
array(3) {
  [0]=>
  string(1) "b"
  [1]=>
  string(1) "c"
  [2]=>
  string(1) "e"
}
string(5) "web:f"
