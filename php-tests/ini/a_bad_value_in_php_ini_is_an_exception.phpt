--TEST--
every directive with a bad value in php.ini is an exception wherever rsso is used, until it is set well
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$code = <<<'PHP'
    ob_start();
    [, $name, $good] = $argv;
    $object = function () { session_set_save_handler(new Rsso\SessionHandler(), false); session_start(); };
    $acts = [session_start(...), $object, sso_current(...), fn () => sso_claim('ada'), fn () => sso_logins('ada'),
        fn () => sso_kick('ada'), fn () => sso_notify('ada', 1), fn () => sso_login_id('ada', 'web'), fn () => sso_login_ids('ada')];
    $said = [];
    foreach ($acts as $act) {
        try {
            $act();
            $said[] = 'served';
        } catch (Throwable $thrown) {
            $said[] = $thrown::class . ': ' . $thrown->getMessage();
        }
    }
    session_module_name('rsso');
    ini_set($name, $good);
    $said[] = session_start() ? 'good' : 'bad';
    while (ob_get_level() > 0) {
        ob_end_clean();
    }
    echo implode("\n", array_unique($said)), "\n";
    PHP;
foreach ([
    'rsso.dsn' => ['redsi://10.0.0.1', ini_get('rsso.dsn')],
    'rsso.prefix' => ['a b', ''],
    'rsso.connect_timeout' => ['soon', '2'],
    'rsso.read_timeout' => ['-1', '2'],
    'rsso.lock' => ['maybe', '1'],
    'rsso.lock_wait' => ['forever', '30'],
    'rsso.lock_ttl' => ['0', '60'],
    'rsso.lock_waiters' => ['101', '0'],
    'rsso.lock_failure' => ['ignore', 'error'],
    'rsso.hash_ids' => ['sha256', '1'],
    'rsso.store_empty' => ['never', '1'],
    'rsso.compress' => ['gzip', 'off'],
    'rsso.compress_min' => ['2K', '2048'],
    'rsso.mysql_columns' => ['id=a', ''],
    'rsso.realm' => ['a b', 'default'],
    'rsso.uid_case' => ['ignore', 'exact'],
    'rsso.max_logins' => ['three', '1'],
    'rsso.max_logins_per_device' => ['-1', '0'],
    'rsso.max_logins_hard' => ['0', '1000'],
    'rsso.storm_limit' => ['1.5', '10'],
    'rsso.storm_limit_hour' => ['-1', '30'],
    'rsso.on_conflict' => ['refused', 'kick'],
    'rsso.victim' => ['newest', 'oldest'],
    'rsso.tombstone_ttl' => ['0', '86400'],
    'rsso.events_ttl' => ['soon', '86400'],
    'rsso.auto_claim' => ['a..b', ''],
    'rsso.auto_claim_except' => [str_repeat('x', 256), ''],
    'rsso.auto_claim_unless' => ['a..b', ''],
    'rsso.login_details' => ['some', 'full'],
    'rsso.notify_other_logins' => ['maybe', '1'],
    'rsso.auto_claim_device' => ["a\tb", ''],
    'rsso.device_marks' => ['pc', ''],
] as $name => [$bad, $good]) {
    $quiet = ['display_startup_errors' => '0', 'log_errors' => '0'];
    // The warning at startup is another test's.
    echo preg_replace('/^.*Warning: .*\n+/m', '', another_php($code, [$name => $bad] + $quiet, $name, $good));
}
?>
--EXPECTF--
Rsso\ConfigException: rsso: rsso.dsn: unknown scheme redsi:// (is redis meant?); %s
good
Rsso\ConfigException: rsso: rsso.prefix: 'a b' cannot be used: must be 1 to 64 characters of %s
good
Rsso\ConfigException: rsso: rsso.connect_timeout: 'soon' cannot be used: must be seconds from 0.001 to 60
good
Rsso\ConfigException: rsso: rsso.read_timeout: '-1' cannot be used: must be seconds from 0.001 to 300
good
Rsso\ConfigException: rsso: rsso.lock: 'maybe' cannot be used: must be a boolean: 1, 0, on, off, true, false, yes or no
good
Rsso\ConfigException: rsso: rsso.lock_wait: 'forever' cannot be used: must be seconds from 0 to 3600
good
Rsso\ConfigException: rsso: rsso.lock_ttl: '0' cannot be used: must be seconds from 1 to 86400
good
Rsso\ConfigException: rsso: rsso.lock_waiters: '101' cannot be used: must be a number from 0 to 100
good
Rsso\ConfigException: rsso: rsso.lock_failure: 'ignore' cannot be used: must be 'error' or 'readonly'
good
Rsso\ConfigException: rsso: rsso.hash_ids: 'sha256' cannot be used: must be a boolean: 1, 0, on, off, true, false, yes or no
good
Rsso\ConfigException: rsso: rsso.store_empty: 'never' cannot be used: must be a boolean: 1, 0, on, off, true, false, yes or no
good
Rsso\ConfigException: rsso: rsso.compress: 'gzip' cannot be used: must be 'off', 'zstd' or 'lz4'
good
Rsso\ConfigException: rsso: rsso.compress_min: '2K' cannot be used: must be bytes from 0 to 1073741824
good
Rsso\ConfigException: rsso: rsso.mysql_columns: 'id=a' cannot be used: %s
good
Rsso\ConfigException: rsso: rsso.realm: 'a b' cannot be used: must be 1 to 64 characters of a-z, A-Z, 0-9 and '_.-'
good
Rsso\ConfigException: rsso: rsso.uid_case: 'ignore' cannot be used: must be 'exact' or 'fold'
good
Rsso\ConfigException: rsso: rsso.max_logins: 'three' cannot be used: must be a whole number from 0 (no limit) to 1000000
good
Rsso\ConfigException: rsso: rsso.max_logins_per_device: '-1' cannot be used: must be a whole number from 0 (no limit) to 1000000
good
Rsso\ConfigException: rsso: rsso.max_logins_hard: '0' cannot be used: must be a whole number from 1 to 1000000
good
Rsso\ConfigException: rsso: rsso.storm_limit: '1.5' cannot be used: must be a whole number from 0 (no limit) to 1000000
good
Rsso\ConfigException: rsso: rsso.storm_limit_hour: '-1' cannot be used: must be a whole number from 0 (no limit) to 1000000
good
Rsso\ConfigException: rsso: rsso.on_conflict: 'refused' cannot be used: must be 'kick' or 'refuse'
good
Rsso\ConfigException: rsso: rsso.victim: 'newest' cannot be used: must be 'oldest' or 'idle'
good
Rsso\ConfigException: rsso: rsso.tombstone_ttl: '0' cannot be used: must be seconds from 1 to 31536000
good
Rsso\ConfigException: rsso: rsso.events_ttl: 'soon' cannot be used: must be seconds from 1 to 31536000
good
Rsso\ConfigException: rsso: rsso.auto_claim: 'a..b' cannot be used: must be %s
good
Rsso\ConfigException: rsso: rsso.auto_claim_except: '%s' cannot be used: must be up to 64 users%s
good
Rsso\ConfigException: rsso: rsso.auto_claim_unless: 'a..b' cannot be used: must be %s
good
Rsso\ConfigException: rsso: rsso.login_details: 'some' cannot be used: must be 'full', 'masked' or 'none'
good
Rsso\ConfigException: rsso: rsso.notify_other_logins: 'maybe' cannot be used: must be a boolean: 1, 0, on, off, true, false, yes or no
good
Rsso\ConfigException: rsso: rsso.auto_claim_device: 'a\tb' cannot be used: must be %s
good
Rsso\ConfigException: rsso: rsso.device_marks: 'pc' cannot be used: must be mark=device pairs %s
good
