--TEST--
without any setting the directives have their documented defaults
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach (ini_get_all('rsso', false) as $name => $value) {
    echo $name, ' = ', json_encode($value), "\n";
}
?>
--EXPECT--
rsso.auto_claim = ""
rsso.auto_claim_device = ""
rsso.auto_claim_except = ""
rsso.auto_claim_unless = ""
rsso.compress = "off"
rsso.compress_min = "2048"
rsso.connect_timeout = "2"
rsso.device_marks = ""
rsso.dsn = ""
rsso.events_ttl = "86400"
rsso.hash_ids = "1"
rsso.lock = "1"
rsso.lock_failure = "error"
rsso.lock_ttl = "60"
rsso.lock_wait = "30"
rsso.lock_waiters = "0"
rsso.login_details = "full"
rsso.max_logins = "1"
rsso.max_logins_hard = "1000"
rsso.max_logins_per_device = "0"
rsso.mysql_columns = ""
rsso.mysql_table = ""
rsso.notify_other_logins = "0"
rsso.on_conflict = "kick"
rsso.password = ""
rsso.password_file = ""
rsso.prefix = ""
rsso.read_timeout = "2"
rsso.realm = "default"
rsso.store_empty = "1"
rsso.storm_limit = "10"
rsso.storm_limit_hour = "30"
rsso.tombstone_ttl = "86400"
rsso.uid_case = "exact"
rsso.victim = "oldest"
