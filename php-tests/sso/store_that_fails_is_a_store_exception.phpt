--TEST--
logins of a store that cannot be reached are a Rsso\StoreException, of one that cannot be used a Rsso\ConfigException
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$acts = [
    fn () => sso_logins('ada'), fn () => sso_kick('ada'), fn () => sso_notify('ada', 'x'), fn () => sso_login_ids('ada'),
];
$dsn = ini_get('rsso.dsn');
ini_set('rsso.dsn', 'redis://:hunter2@127.0.0.1:1');
foreach ($acts as $act) {
    echo thrown_by($act), "\n";
}
ini_set('rsso.dsn', $dsn);
ini_set('rsso.mysql_columns', 'id=a,data=b,time=c');
echo thrown_by($acts[0]), "\n";
ini_set('rsso.mysql_columns', '');

// The store of a session under way.
if (store() === 'sqlite') {
    ini_set('rsso.dsn', 'sqlite:' . ($directory = new_directory()) . '/x.sqlite');
    start();
    sso_claim('ada');
    array_map(unlink(...), glob("$directory/*"));
    file_put_contents("$directory/x.sqlite", str_repeat('no database ', 1000));
    foreach ([fn () => sso_claim('bob', options: ['rotate_id' => false]), sso_release(...)] as $act) {
        echo strtok(thrown_by($act), ':'), "\n";
    }
    session_abort();
} else {
    echo "Rsso\StoreException\nRsso\StoreException\n";
}
?>
--EXPECTF--
Rsso\StoreException: rsso: redis://:***@127.0.0.1:1%S: cannot connect%S
Rsso\StoreException: rsso: redis://:***@127.0.0.1:1%S: cannot connect%S
Rsso\StoreException: rsso: redis://:***@127.0.0.1:1%S: cannot connect%S
Rsso\StoreException: rsso: redis://:***@127.0.0.1:1%S: cannot connect%S
Rsso\ConfigException: rsso: rsso.mysql_columns: needs rsso.mysql_table, the table whose columns they are
Rsso\StoreException
Rsso\StoreException
