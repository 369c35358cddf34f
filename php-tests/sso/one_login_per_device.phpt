--TEST--
rsso.max_logins_per_device=1: one login on each kind of device
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.max_logins=0
rsso.max_logins_per_device=1
--FILE--
<?php
require __DIR__ . '/browsers.inc';

[$pc, $phone, $new_phone] = [new Browser, new Browser, new Browser];
$pc->log_in('ada', 'pc');
$phone->log_in('ada', 'ios', ['label' => 'old']);
var_dump(logins_of('ada'), $pc->user(), $phone->user());
$login = $new_phone->log_in('ada', 'ios', ['label' => 'new']);
var_dump(array_column($login['kicks'], 'label'), logins_of('ada'), $pc->user(), $phone->user(), $new_phone->user());
var_dump(count(sso_logins('ada', 'ios')), count(sso_logins('ada', 'web')));
?>
--EXPECT--
string(10) "pc ios:old"
string(3) "ada"
string(3) "ada"
array(1) {
  [0]=>
  string(3) "old"
}
string(10) "pc ios:new"
string(3) "ada"
NULL
string(3) "ada"
int(1)
int(0)
