--TEST--
ini_set() of a good value takes it
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach ([
    'rsso.dsn' => ['sqlite:/x.db', 'sqlite:///x.db', 'sqlite:/x.db?mode=0660', 'redis://h', 'redis://h:6380/2', 'redis://user:p%40ss@[::1]:6379/0',
        'rediss://h?ca=/ca.pem&cert=/c.pem&key=/k.pem', 'redis+unix:///run/redis.sock?db=3', 'redis+unix://:secret@/run/redis.sock', 'REDIS://h', ''],
    'rsso.prefix' => ['a', 'shop:eu.1-b_', str_repeat('p', 64), ''],
    'rsso.connect_timeout' => ['0.001', '2.5', '60'],
    'rsso.read_timeout' => ['0.001', '300'],
    'rsso.lock' => ['0', 'off', 'no', 'false', '', '1', 'on', 'yes', 'TRUE'],
    'rsso.lock_wait' => ['0', '0.5', '3600'],
    'rsso.lock_ttl' => ['1', '86400'],
    'rsso.lock_waiters' => ['5', '100', '0'],
    'rsso.lock_failure' => ['readonly', 'error'],
    'rsso.hash_ids' => ['0', '1'],
    'rsso.store_empty' => ['0', '1'],
    'rsso.compress' => ['zstd', 'lz4', 'off'],
    'rsso.compress_min' => ['0', '100000', '1073741824'],
    'rsso.mysql_table' => ['sessions', ''],
    'rsso.mysql_columns' => ['id=session_id,data=session_data,time=session_last_access', 'id=a,data=b,expires=c', ''],
    'rsso.realm' => ['shop', 'shop.eu_1-b', 'default'],
    'rsso.uid_case' => ['fold', 'exact'],
    'rsso.max_logins' => ['0', '3', '1000000'],
    'rsso.max_logins_per_device' => ['1', '0'],
    'rsso.max_logins_hard' => ['1', '1000'],
    'rsso.storm_limit' => ['0', '10'],
    'rsso.storm_limit_hour' => ['0', '30'],
    'rsso.on_conflict' => ['refuse', 'kick'],
    'rsso.victim' => ['idle', 'oldest'],
    'rsso.tombstone_ttl' => ['1', '31536000'],
    'rsso.events_ttl' => ['1', '31536000'],
    'rsso.auto_claim' => ['user_id', 'user_id, auth.user.name, DW*.auth.user', '*', ''],
    'rsso.auto_claim_except' => ['guest', 'guest, anonymous,1', ',', implode(',', range(1, 64)), ''],
    'rsso.auto_claim_unless' => ['impersonator_id', 'a.b, DW*.as', ''],
    'rsso.login_details' => ['masked', 'none', 'full'],
    'rsso.notify_other_logins' => ['1', 'on', 'off', '', '0'],
    'rsso.auto_claim_device' => ['user-agent', 'HTTP_X_DEVICE', ''],
    'rsso.device_marks' => ['0=pc,1=ios, 2=android', 'web=web', ''],
] as $name => $values) {
    foreach ($values as $value) {
        if (ini_set($name, $value) === false || ini_get($name) !== $value) {
            echo "refused: $name = $value\n";
        }
    }
}
echo "done\n";
?>
--EXPECT--
done
