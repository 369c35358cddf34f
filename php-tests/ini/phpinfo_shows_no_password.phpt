--TEST--
phpinfo() shows version, stores, the active store and the directives, and no password
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn="redis://ada:mauveelephant@localhost:6379/2"
rsso.password=beigegiraffe
rsso.password_file=/run/secrets/rsso
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

ini_set('rsso.dsn', 'redis://:puceotter@localhost:6380/3');
ob_start();
phpinfo(INFO_MODULES | INFO_CONFIGURATION);
$info = ob_get_clean();
preg_match('/\nrsso\n.*?(?=\n\n[a-zA-Z]\w*\n\n)/s', $info, $section);
echo trim($section[0]), "\n";
var_dump(preg_match('/mauveelephant|beigegiraffe|puceotter/', $info));
?>
--EXPECTF--
rsso

rsso => enabled
Version => %d.%d.%s
Stores => sqlite, redis, mysql
Active store => redis://:***@localhost:6380/3

Directive => Local Value => Master Value
rsso.auto_claim => no value => no value
rsso.auto_claim_device => no value => no value
rsso.auto_claim_except => no value => no value
rsso.auto_claim_unless => no value => no value
rsso.compress => off => off
rsso.compress_min => 2048 => 2048
rsso.connect_timeout => 2 => 2
rsso.device_marks => no value => no value
rsso.dsn => redis://:***@localhost:6380/3 => redis://ada:***@localhost:6379/2
rsso.events_ttl => 86400 => 86400
rsso.hash_ids => 1 => 1
rsso.lock => 1 => 1
rsso.lock_failure => error => error
rsso.lock_ttl => 60 => 60
rsso.lock_wait => 30 => 30
rsso.lock_waiters => 0 => 0
rsso.login_details => full => full
rsso.max_logins => 1 => 1
rsso.max_logins_hard => 1000 => 1000
rsso.max_logins_per_device => 0 => 0
rsso.mysql_columns => no value => no value
rsso.mysql_table => no value => no value
rsso.notify_other_logins => 0 => 0
rsso.on_conflict => kick => kick
rsso.password => *** => ***
rsso.password_file => *** => ***
rsso.prefix => no value => no value
rsso.read_timeout => 2 => 2
rsso.realm => default => default
rsso.store_empty => 1 => 1
rsso.storm_limit => 10 => 10
rsso.storm_limit_hour => 30 => 30
rsso.tombstone_ttl => 86400 => 86400
rsso.uid_case => exact => exact
rsso.victim => oldest => oldest
int(0)
