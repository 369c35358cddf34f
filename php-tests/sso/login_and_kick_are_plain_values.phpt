--TEST--
Rsso\Login and Rsso\Kick show all they hold, and can be neither made nor changed nor serialized
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

(new Browser)->log_in('ada', 'ios', ['label' => 'iPhone']);
start();
$login = sso_claim('ada', 'web', ['meta' => ['a' => 1]]);
var_dump($login);
echo json_encode($login), "\n";
echo implode(' ', array_keys(get_object_vars($login))), "\n";

$kick = $login->kicks[0];
$refused = new Rsso\LoginRefusedException('mine', 7);
foreach ([
    fn () => new Rsso\Login,
    fn () => new Rsso\Kick,
    fn () => $login->uid = 'bob',
    fn () => $login->meta[] = 1,
    fn () => $login->more = 1,
    fn () => $kick->reason = 'x',
    fn () => serialize($login),
    fn () => serialize($login->kicks[0]),
    fn () => unserialize('O:10:"Rsso\Login":0:{}'),
    fn () => $refused->reason = 'x',
] as $act) {
    echo thrown_by($act), "\n";
}

// A copy is the same; an exception that a script makes can be asked.
$copy = clone $login;
var_dump($copy == $login);
var_dump($refused->getMessage(), $refused->getCode(), $refused->reason, $refused->logins);
?>
--EXPECTF--
object(Rsso\Login)#%d (12) {
  ["id"]=>
  string(26) "%s"
  ["uid"]=>
  string(3) "ada"
  ["device"]=>
  string(3) "web"
  ["label"]=>
  NULL
  ["meta"]=>
  array(1) {
    ["a"]=>
    int(1)
  }
  ["claimed_at"]=>
  int(%d)
  ["last_seen_at"]=>
  int(%d)
  ["expires_at"]=>
  int(%d)
  ["ip"]=>
  NULL
  ["user_agent"]=>
  NULL
  ["current"]=>
  bool(true)
  ["kicks"]=>
  array(1) {
    [0]=>
    object(Rsso\Kick)#%d (11) {
      ["login"]=>
      string(26) "%s"
      ["uid"]=>
      string(3) "ada"
      ["device"]=>
      string(3) "ios"
      ["label"]=>
      string(6) "iPhone"
      ["reason"]=>
      string(8) "replaced"
      ["code"]=>
      int(-4)
      ["at"]=>
      int(%d)
      ["by_device"]=>
      string(3) "web"
      ["by_label"]=>
      NULL
      ["by_ip"]=>
      NULL
      ["delivered"]=>
      NULL
    }
  }
}
{"id":"%s","uid":"ada","device":"web","label":null,"meta":{"a":1},"claimed_at":%d,"last_seen_at":%d,"expires_at":%d,"ip":null,"user_agent":null,"current":true,"kicks":[{"login":"%s","uid":"ada","device":"ios","label":"iPhone","reason":"replaced","code":-4,"at":%d,"by_device":"web","by_label":null,"by_ip":null,"delivered":null}]}
id uid device label meta claimed_at last_seen_at expires_at ip user_agent current kicks
Error: Call to private Rsso\Login::__construct() from global scope
Error: Call to private Rsso\Kick::__construct() from global scope
Error: Cannot modify readonly property Rsso\Login::$uid
Error: Cannot %Smodify readonly property Rsso\Login::$meta
Error: Cannot create dynamic property Rsso\Login::$more
Error: Cannot modify readonly property Rsso\Kick::$reason
Exception: Serialization of 'Rsso\Login' is not allowed
Exception: Serialization of 'Rsso\Kick' is not allowed
Exception: Unserialization of 'Rsso\Login' is not allowed
Error: Cannot modify readonly property Rsso\LoginRefusedException::$reason
bool(true)
string(4) "mine"
int(7)
string(0) ""
array(0) {
}
