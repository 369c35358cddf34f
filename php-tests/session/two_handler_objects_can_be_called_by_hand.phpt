--TEST--
two Rsso\SessionHandler objects of one store can be called by hand in one request
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$one = new Rsso\SessionHandler;
$two = new Rsso\SessionHandler;
$a = $one->create_sid();
$b = $two->create_sid();
var_dump($one->open('', ''), $one->read($a), $two->read($b));
var_dump($one->write($a, 'n|i:1;'), $two->write($b, 'n|i:2;'), $one->close());
var_dump($two->read($a), $one->read($b), lock_is_free($a), lock_is_free($b));
var_dump($two->close(), $one->close(), lock_is_free($a), lock_is_free($b));
var_dump($one->validateId($a), $one->validateId('nobody'), $one->destroy($a), $one->validateId($a), is_int($one->gc(1)));
?>
--EXPECT--
bool(true)
string(0) ""
string(0) ""
bool(true)
bool(true)
bool(true)
string(6) "n|i:1;"
string(6) "n|i:2;"
bool(false)
bool(false)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
