--TEST--
on_conflict=refuse: the newcomer is turned away and hears who holds the places; its session stays
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.on_conflict=refuse
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$first = new Browser;
$old = $first->log_in('ada', 'ios', ['label' => 'iPhone', 'meta' => ['n' => 1]]);

start();
$_SESSION['cart'] = ['book'];
try {
    sso_claim('ada');
} catch (Rsso\LoginRefusedException $refused) {
    echo $refused::class, ': ', $refused->getMessage(), "\n";
    var_dump($refused->getCode(), $refused->getLine(), $refused instanceof Rsso\RssoException, $refused->reason);
    $times = ['last_seen_at' => 0, 'expires_at' => 0];
    $told = json_decode(json_encode($refused->logins), true)[0];
    var_dump(array_diff_key($told, $times) == array_diff_key(['current' => false] + $old, $times));
    // Until when, if nobody uses it again.
    var_dump(abs($told['expires_at'] - time() - ini_get('session.gc_maxlifetime')) < 120, time() - $told['last_seen_at'] < 120);
}
var_dump(sso_current());
$id = session_id();
session_write_close();
var_dump(stored($id), $first->user());

// The option goes before the directive.
start($id);
var_dump(count(sso_claim('ada', options: ['on_conflict' => 'kick'])->kicks), $first->user());
var_dump((new Browser(['rsso.on_conflict' => 'kick']))->request('try { sso_claim("ada", options: ["on_conflict" => "refuse"]); } catch (Rsso\LoginRefusedException $e) { return $e->reason; }'));

// A login that is over holds no place.
sso_release();
$second = new Browser;
var_dump(count($second->log_in('ada')['kicks']));
$second->request('session_destroy();');
var_dump(count($first->log_in('ada')['kicks']));
?>
--EXPECT--
Rsso\LoginRefusedException: rsso: the user is logged in elsewhere, and no login is free ($logins says which there are)
int(0)
int(10)
bool(true)
string(5) "limit"
bool(true)
bool(true)
bool(true)
NULL
array(1) {
  ["cart"]=>
  array(1) {
    [0]=>
    string(4) "book"
  }
}
string(3) "ada"
int(1)
NULL
string(5) "limit"
int(0)
int(0)
