--TEST--
a wrong, missing or superfluous password is a StoreException that says so, without the password
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$guarded = new Redis('--requirepass', 'right');
$open = new Redis;
foreach ([$guarded->dsn(':mauveelephant@'), $guarded->dsn('ada:mauveelephant@'), $guarded->dsn(), $open->dsn('ada:mauveelephant@')] as $dsn) {
    ini_set('rsso.dsn', $dsn);
    $thrown = thrown_by(session_start(...));
    var_dump(preg_match('/^Rsso\\\\StoreException: .*the server refused the user or password \(rsso.dsn, rsso.password\)/', $thrown));
    var_dump(str_contains($thrown, 'mauveelephant'));
}
?>
--EXPECT--
int(1)
bool(false)
int(1)
bool(false)
int(1)
bool(false)
int(1)
bool(false)
