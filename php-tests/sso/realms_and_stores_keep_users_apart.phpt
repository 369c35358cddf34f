--TEST--
a user of another realm is another user; without a session the directives say which store is asked, in one of a handler object that object does
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$realm = ini_get('rsso.realm');
[$shop, $forum] = [new Browser(['rsso.realm' => "$realm.shop"]), new Browser(['rsso.realm' => "$realm.forum"])];
$shop->log_in('ada', 'web', ['label' => 'shop']);
$forum->log_in('ada', 'web', ['label' => 'forum']);
var_dump($shop->user(), $forum->user(), logins_of('ada'));
foreach (['shop', 'forum'] as $name) {
    ini_set('rsso.realm', "$realm.$name");
    var_dump(logins_of('ada'));
}
ini_set('rsso.realm', $realm);

// A store of an object's own, with a realm of its own.
$other = 'sqlite:' . new_directory() . '/other.sqlite';
$handler = new Rsso\SessionHandler($other, ['realm' => 'other', 'max_logins' => 2]);
session_set_save_handler($handler, false);
start(session_create_id());
sso_claim('ada', options: ['label' => 'other']);
var_dump(logins_of('ada'), sso_current()->uid);
session_write_close();
var_dump(logins_of('ada'));

// The directives as they are now.
ini_set('rsso.dsn', $other);
ini_set('rsso.realm', 'other');
var_dump(logins_of('ada'));
?>
--EXPECT--
string(3) "ada"
string(3) "ada"
string(0) ""
string(8) "web:shop"
string(9) "web:forum"
string(9) "web:other"
string(3) "ada"
string(0) ""
string(9) "web:other"
