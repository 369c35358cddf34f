--TEST--
ini_set() of a bad value is false, warns what is accepted, and changes nothing
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach ([
    'rsso.dsn' => ['nonsense', '/var/lib/x', 'http://localhost', 'redis:', 'redis://', 'redis://h/x', 'redis://h:99999', 'redis://h?nonesuch=1',
        'redis://h?db=-1', 'redis://h#x', 'rediss://h?cert=/c.pem', 'redis+unix:///', 'sqlite:relative.db', 'sqlite:/', 'sqlite:/x.db?mode=0666', 'sqlite:/x.db?mode=abc', 'sqlite:/x.db?mdoe=0600', "sqlite:/a%00b"],
    'rsso.prefix' => ['a b', '{x}', "a\0b", "a\nb", str_repeat('p', 65)],
    'rsso.connect_timeout' => ['', '0', '-1', '61', 'soon', '1s', 'NaN', 'inf'],
    'rsso.read_timeout' => ['', '0', '-1', '301', 'soon'],
    'rsso.lock' => ['2', 'maybe', '-1'],
    'rsso.lock_wait' => ['', '-0.1', '3601', 'forever', '1e99'],
    'rsso.lock_ttl' => ['', '0', '0.9', '86401', 'long'],
    'rsso.lock_waiters' => ['', '-1', '101', 'few'],
    'rsso.lock_failure' => ['', 'ignore', 'READONLY', '1'],
    'rsso.hash_ids' => ['2', 'sha256'],
    'rsso.store_empty' => ['never'],
    'rsso.compress' => ['gzip', 'ZSTD'],
    'rsso.compress_min' => ['-1', '2K', '', '1073741825'],
    'rsso.mysql_columns' => ['id=a', 'id=a,data=b', 'nonsense'],
    'rsso.realm' => ['', 'a b', str_repeat('r', 65)],
    'rsso.uid_case' => ['', 'ignore'],
    'rsso.max_logins' => ['', '-1', '1.5', '1000001', 'many'],
    'rsso.max_logins_per_device' => ['', '-1'],
    'rsso.max_logins_hard' => ['', '0'],
    'rsso.storm_limit' => ['', '-1'],
    'rsso.storm_limit_hour' => ['', '-1'],
    'rsso.on_conflict' => ['', 'ask', 'KICK'],
    'rsso.victim' => ['', 'newest'],
    'rsso.tombstone_ttl' => ['', '0', '31536001'],
    'rsso.events_ttl' => ['', '0', '31536001'],
    'rsso.auto_claim' => ['a..b', '.a', implode('.', range(1, 9)), implode(',', range(1, 17))],
    'rsso.auto_claim_except' => [implode(',', range(1, 65)), str_repeat('x', 256)],
    'rsso.auto_claim_unless' => ['a..b'],
    'rsso.login_details' => ['FULL', 'some'],
    'rsso.notify_other_logins' => ['2', 'maybe'],
    'rsso.auto_claim_device' => ['a b', 'user agent'],
    'rsso.device_marks' => ['pc', '0=', '=pc', '0=PC', '0=pc,0=ios', '0=pc,1=pc', 'ios=pc,1=ios'],
] as $name => $values) {
    $before = ini_get($name);
    foreach ($values as $value) {
        echo $name, ' = ', json_encode($value), "\n  ";
        show(fn () => ini_set($name, $value));
        if (ini_get($name) !== $before) {
            echo "CHANGED\n";
        }
    }
}
?>
--EXPECT--
rsso.dsn = "nonsense"
  warning: ini_set(): rsso: rsso.dsn: is not a DSN; accepted are sqlite:/path/to/file.db, redis://host:port/db, rediss://host:port/db, redis+unix:///path/to/socket?db=N, mysql://user:password@host:port/database
false
rsso.dsn = "\/var\/lib\/x"
  warning: ini_set(): rsso: rsso.dsn: is not a DSN of rsso's; write it as sqlite:/var/lib/x, if it is a file
false
rsso.dsn = "http:\/\/localhost"
  warning: ini_set(): rsso: rsso.dsn: unknown scheme http://; accepted are sqlite:/path/to/file.db, redis://host:port/db, rediss://host:port/db, redis+unix:///path/to/socket?db=N, mysql://user:password@host:port/database
false
rsso.dsn = "redis:"
  warning: ini_set(): rsso: rsso.dsn: needs a host, as in redis://127.0.0.1:6379
false
rsso.dsn = "redis:\/\/"
  warning: ini_set(): rsso: rsso.dsn: needs a host, as in redis://127.0.0.1:6379
false
rsso.dsn = "redis:\/\/h\/x"
  warning: ini_set(): rsso: rsso.dsn: the database must be a number, as in redis://host:6379/2
false
rsso.dsn = "redis:\/\/h:99999"
  warning: ini_set(): rsso: rsso.dsn: cannot be parsed (invalid port number); percent-encode '/', '?', '#', '@' and '%' in a password, or use rsso.password
false
rsso.dsn = "redis:\/\/h?nonesuch=1"
  warning: ini_set(): rsso: rsso.dsn: has an unknown parameter 'nonesuch'; with this scheme there are: db
false
rsso.dsn = "redis:\/\/h?db=-1"
  warning: ini_set(): rsso: rsso.dsn: the database must be a number, as in redis://host:6379/2
false
rsso.dsn = "redis:\/\/h#x"
  warning: ini_set(): rsso: rsso.dsn: has a '#': write it as %23, or use rsso.password
false
rsso.dsn = "rediss:\/\/h?cert=\/c.pem"
  warning: ini_set(): rsso: rsso.dsn: cert and key go together
false
rsso.dsn = "redis+unix:\/\/\/"
  warning: ini_set(): rsso: rsso.dsn: redis+unix needs a path, as in redis+unix:///run/redis/redis.sock
false
rsso.dsn = "sqlite:relative.db"
  warning: ini_set(): rsso: rsso.dsn: sqlite: needs an absolute path, as in sqlite:/var/lib/rsso/sessions.db
false
rsso.dsn = "sqlite:\/"
  warning: ini_set(): rsso: rsso.dsn: sqlite: needs the path of a file, not of a directory
false
rsso.dsn = "sqlite:\/x.db?mode=0666"
  warning: ini_set(): rsso: rsso.dsn: mode must be 0600, 0640, 0620 or 0660
false
rsso.dsn = "sqlite:\/x.db?mode=abc"
  warning: ini_set(): rsso: rsso.dsn: mode must be 0600, 0640, 0620 or 0660
false
rsso.dsn = "sqlite:\/x.db?mdoe=0600"
  warning: ini_set(): rsso: rsso.dsn: has an unknown parameter 'mdoe'; with this scheme there are: mode
false
rsso.dsn = "sqlite:\/a%00b"
  warning: ini_set(): rsso: rsso.dsn: contains an encoded NUL byte
false
rsso.prefix = "a b"
  warning: ini_set(): rsso: rsso.prefix: must be 1 to 64 characters of a-z, A-Z, 0-9 and '_:.-'
false
rsso.prefix = "{x}"
  warning: ini_set(): rsso: rsso.prefix: must be 1 to 64 characters of a-z, A-Z, 0-9 and '_:.-'
false
rsso.prefix = "a\u0000b"
  warning: ini_set(): rsso: rsso.prefix: must be 1 to 64 characters of a-z, A-Z, 0-9 and '_:.-'
false
rsso.prefix = "a\nb"
  warning: ini_set(): rsso: rsso.prefix: must be 1 to 64 characters of a-z, A-Z, 0-9 and '_:.-'
false
rsso.prefix = "ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"
  warning: ini_set(): rsso: rsso.prefix: must be 1 to 64 characters of a-z, A-Z, 0-9 and '_:.-'
false
rsso.connect_timeout = ""
  warning: ini_set(): rsso: rsso.connect_timeout: must be seconds from 0.001 to 60
false
rsso.connect_timeout = "0"
  warning: ini_set(): rsso: rsso.connect_timeout: must be seconds from 0.001 to 60
false
rsso.connect_timeout = "-1"
  warning: ini_set(): rsso: rsso.connect_timeout: must be seconds from 0.001 to 60
false
rsso.connect_timeout = "61"
  warning: ini_set(): rsso: rsso.connect_timeout: must be seconds from 0.001 to 60
false
rsso.connect_timeout = "soon"
  warning: ini_set(): rsso: rsso.connect_timeout: must be seconds from 0.001 to 60
false
rsso.connect_timeout = "1s"
  warning: ini_set(): rsso: rsso.connect_timeout: must be seconds from 0.001 to 60
false
rsso.connect_timeout = "NaN"
  warning: ini_set(): rsso: rsso.connect_timeout: must be seconds from 0.001 to 60
false
rsso.connect_timeout = "inf"
  warning: ini_set(): rsso: rsso.connect_timeout: must be seconds from 0.001 to 60
false
rsso.read_timeout = ""
  warning: ini_set(): rsso: rsso.read_timeout: must be seconds from 0.001 to 300
false
rsso.read_timeout = "0"
  warning: ini_set(): rsso: rsso.read_timeout: must be seconds from 0.001 to 300
false
rsso.read_timeout = "-1"
  warning: ini_set(): rsso: rsso.read_timeout: must be seconds from 0.001 to 300
false
rsso.read_timeout = "301"
  warning: ini_set(): rsso: rsso.read_timeout: must be seconds from 0.001 to 300
false
rsso.read_timeout = "soon"
  warning: ini_set(): rsso: rsso.read_timeout: must be seconds from 0.001 to 300
false
rsso.lock = "2"
  warning: ini_set(): rsso: rsso.lock: must be a boolean: 1, 0, on, off, true, false, yes or no
false
rsso.lock = "maybe"
  warning: ini_set(): rsso: rsso.lock: must be a boolean: 1, 0, on, off, true, false, yes or no
false
rsso.lock = "-1"
  warning: ini_set(): rsso: rsso.lock: must be a boolean: 1, 0, on, off, true, false, yes or no
false
rsso.lock_wait = ""
  warning: ini_set(): rsso: rsso.lock_wait: must be seconds from 0 to 3600
false
rsso.lock_wait = "-0.1"
  warning: ini_set(): rsso: rsso.lock_wait: must be seconds from 0 to 3600
false
rsso.lock_wait = "3601"
  warning: ini_set(): rsso: rsso.lock_wait: must be seconds from 0 to 3600
false
rsso.lock_wait = "forever"
  warning: ini_set(): rsso: rsso.lock_wait: must be seconds from 0 to 3600
false
rsso.lock_wait = "1e99"
  warning: ini_set(): rsso: rsso.lock_wait: must be seconds from 0 to 3600
false
rsso.lock_ttl = ""
  warning: ini_set(): rsso: rsso.lock_ttl: must be seconds from 1 to 86400
false
rsso.lock_ttl = "0"
  warning: ini_set(): rsso: rsso.lock_ttl: must be seconds from 1 to 86400
false
rsso.lock_ttl = "0.9"
  warning: ini_set(): rsso: rsso.lock_ttl: must be seconds from 1 to 86400
false
rsso.lock_ttl = "86401"
  warning: ini_set(): rsso: rsso.lock_ttl: must be seconds from 1 to 86400
false
rsso.lock_ttl = "long"
  warning: ini_set(): rsso: rsso.lock_ttl: must be seconds from 1 to 86400
false
rsso.lock_waiters = ""
  warning: ini_set(): rsso: rsso.lock_waiters: must be a number from 0 to 100
false
rsso.lock_waiters = "-1"
  warning: ini_set(): rsso: rsso.lock_waiters: must be a number from 0 to 100
false
rsso.lock_waiters = "101"
  warning: ini_set(): rsso: rsso.lock_waiters: must be a number from 0 to 100
false
rsso.lock_waiters = "few"
  warning: ini_set(): rsso: rsso.lock_waiters: must be a number from 0 to 100
false
rsso.lock_failure = ""
  warning: ini_set(): rsso: rsso.lock_failure: must be 'error' or 'readonly'
false
rsso.lock_failure = "ignore"
  warning: ini_set(): rsso: rsso.lock_failure: must be 'error' or 'readonly'
false
rsso.lock_failure = "READONLY"
  warning: ini_set(): rsso: rsso.lock_failure: must be 'error' or 'readonly'
false
rsso.lock_failure = "1"
  warning: ini_set(): rsso: rsso.lock_failure: must be 'error' or 'readonly'
false
rsso.hash_ids = "2"
  warning: ini_set(): rsso: rsso.hash_ids: must be a boolean: 1, 0, on, off, true, false, yes or no
false
rsso.hash_ids = "sha256"
  warning: ini_set(): rsso: rsso.hash_ids: must be a boolean: 1, 0, on, off, true, false, yes or no
false
rsso.store_empty = "never"
  warning: ini_set(): rsso: rsso.store_empty: must be a boolean: 1, 0, on, off, true, false, yes or no
false
rsso.compress = "gzip"
  warning: ini_set(): rsso: rsso.compress: must be 'off', 'zstd' or 'lz4'
false
rsso.compress = "ZSTD"
  warning: ini_set(): rsso: rsso.compress: must be 'off', 'zstd' or 'lz4'
false
rsso.compress_min = "-1"
  warning: ini_set(): rsso: rsso.compress_min: must be bytes from 0 to 1073741824
false
rsso.compress_min = "2K"
  warning: ini_set(): rsso: rsso.compress_min: must be bytes from 0 to 1073741824
false
rsso.compress_min = ""
  warning: ini_set(): rsso: rsso.compress_min: must be bytes from 0 to 1073741824
false
rsso.compress_min = "1073741825"
  warning: ini_set(): rsso: rsso.compress_min: must be bytes from 0 to 1073741824
false
rsso.mysql_columns = "id=a"
  warning: ini_set(): rsso: rsso.mysql_columns: must be id=COLUMN,data=COLUMN and time=COLUMN or expires=COLUMN, separated by commas
false
rsso.mysql_columns = "id=a,data=b"
  warning: ini_set(): rsso: rsso.mysql_columns: must be id=COLUMN,data=COLUMN and time=COLUMN or expires=COLUMN, separated by commas
false
rsso.mysql_columns = "nonsense"
  warning: ini_set(): rsso: rsso.mysql_columns: must be id=COLUMN,data=COLUMN and time=COLUMN or expires=COLUMN, separated by commas
false
rsso.realm = ""
  warning: ini_set(): rsso: rsso.realm: must be 1 to 64 characters of a-z, A-Z, 0-9 and '_.-'
false
rsso.realm = "a b"
  warning: ini_set(): rsso: rsso.realm: must be 1 to 64 characters of a-z, A-Z, 0-9 and '_.-'
false
rsso.realm = "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
  warning: ini_set(): rsso: rsso.realm: must be 1 to 64 characters of a-z, A-Z, 0-9 and '_.-'
false
rsso.uid_case = ""
  warning: ini_set(): rsso: rsso.uid_case: must be 'exact' or 'fold'
false
rsso.uid_case = "ignore"
  warning: ini_set(): rsso: rsso.uid_case: must be 'exact' or 'fold'
false
rsso.max_logins = ""
  warning: ini_set(): rsso: rsso.max_logins: must be a whole number from 0 (no limit) to 1000000
false
rsso.max_logins = "-1"
  warning: ini_set(): rsso: rsso.max_logins: must be a whole number from 0 (no limit) to 1000000
false
rsso.max_logins = "1.5"
  warning: ini_set(): rsso: rsso.max_logins: must be a whole number from 0 (no limit) to 1000000
false
rsso.max_logins = "1000001"
  warning: ini_set(): rsso: rsso.max_logins: must be a whole number from 0 (no limit) to 1000000
false
rsso.max_logins = "many"
  warning: ini_set(): rsso: rsso.max_logins: must be a whole number from 0 (no limit) to 1000000
false
rsso.max_logins_per_device = ""
  warning: ini_set(): rsso: rsso.max_logins_per_device: must be a whole number from 0 (no limit) to 1000000
false
rsso.max_logins_per_device = "-1"
  warning: ini_set(): rsso: rsso.max_logins_per_device: must be a whole number from 0 (no limit) to 1000000
false
rsso.max_logins_hard = ""
  warning: ini_set(): rsso: rsso.max_logins_hard: must be a whole number from 1 to 1000000
false
rsso.max_logins_hard = "0"
  warning: ini_set(): rsso: rsso.max_logins_hard: must be a whole number from 1 to 1000000
false
rsso.storm_limit = ""
  warning: ini_set(): rsso: rsso.storm_limit: must be a whole number from 0 (no limit) to 1000000
false
rsso.storm_limit = "-1"
  warning: ini_set(): rsso: rsso.storm_limit: must be a whole number from 0 (no limit) to 1000000
false
rsso.storm_limit_hour = ""
  warning: ini_set(): rsso: rsso.storm_limit_hour: must be a whole number from 0 (no limit) to 1000000
false
rsso.storm_limit_hour = "-1"
  warning: ini_set(): rsso: rsso.storm_limit_hour: must be a whole number from 0 (no limit) to 1000000
false
rsso.on_conflict = ""
  warning: ini_set(): rsso: rsso.on_conflict: must be 'kick' or 'refuse'
false
rsso.on_conflict = "ask"
  warning: ini_set(): rsso: rsso.on_conflict: must be 'kick' or 'refuse'
false
rsso.on_conflict = "KICK"
  warning: ini_set(): rsso: rsso.on_conflict: must be 'kick' or 'refuse'
false
rsso.victim = ""
  warning: ini_set(): rsso: rsso.victim: must be 'oldest' or 'idle'
false
rsso.victim = "newest"
  warning: ini_set(): rsso: rsso.victim: must be 'oldest' or 'idle'
false
rsso.tombstone_ttl = ""
  warning: ini_set(): rsso: rsso.tombstone_ttl: must be seconds from 1 to 31536000
false
rsso.tombstone_ttl = "0"
  warning: ini_set(): rsso: rsso.tombstone_ttl: must be seconds from 1 to 31536000
false
rsso.tombstone_ttl = "31536001"
  warning: ini_set(): rsso: rsso.tombstone_ttl: must be seconds from 1 to 31536000
false
rsso.events_ttl = ""
  warning: ini_set(): rsso: rsso.events_ttl: must be seconds from 1 to 31536000
false
rsso.events_ttl = "0"
  warning: ini_set(): rsso: rsso.events_ttl: must be seconds from 1 to 31536000
false
rsso.events_ttl = "31536001"
  warning: ini_set(): rsso: rsso.events_ttl: must be seconds from 1 to 31536000
false
rsso.auto_claim = "a..b"
  warning: ini_set(): rsso: rsso.auto_claim: must be up to 16 dotted paths into $_SESSION, separated by commas, for instance 'user_id' or 'DW*.auth.user'
false
rsso.auto_claim = ".a"
  warning: ini_set(): rsso: rsso.auto_claim: must be up to 16 dotted paths into $_SESSION, separated by commas, for instance 'user_id' or 'DW*.auth.user'
false
rsso.auto_claim = "1.2.3.4.5.6.7.8.9"
  warning: ini_set(): rsso: rsso.auto_claim: must be up to 16 dotted paths into $_SESSION, separated by commas, for instance 'user_id' or 'DW*.auth.user'
false
rsso.auto_claim = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"
  warning: ini_set(): rsso: rsso.auto_claim: must be up to 16 dotted paths into $_SESSION, separated by commas, for instance 'user_id' or 'DW*.auth.user'
false
rsso.auto_claim_except = "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63,64,65"
  warning: ini_set(): rsso: rsso.auto_claim_except: must be up to 64 users, of at most 255 bytes each, separated by commas
false
rsso.auto_claim_except = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
  warning: ini_set(): rsso: rsso.auto_claim_except: must be up to 64 users, of at most 255 bytes each, separated by commas
false
rsso.auto_claim_unless = "a..b"
  warning: ini_set(): rsso: rsso.auto_claim_unless: must be up to 16 dotted paths into $_SESSION, separated by commas, for instance 'user_id' or 'DW*.auth.user'
false
rsso.login_details = "FULL"
  warning: ini_set(): rsso: rsso.login_details: must be 'full', 'masked' or 'none'
false
rsso.login_details = "some"
  warning: ini_set(): rsso: rsso.login_details: must be 'full', 'masked' or 'none'
false
rsso.notify_other_logins = "2"
  warning: ini_set(): rsso: rsso.notify_other_logins: must be a boolean: 1, 0, on, off, true, false, yes or no
false
rsso.notify_other_logins = "maybe"
  warning: ini_set(): rsso: rsso.notify_other_logins: must be a boolean: 1, 0, on, off, true, false, yes or no
false
rsso.auto_claim_device = "a b"
  warning: ini_set(): rsso: rsso.auto_claim_device: must be 'user-agent' or the name of an entry of $_SERVER
false
rsso.auto_claim_device = "user agent"
  warning: ini_set(): rsso: rsso.auto_claim_device: must be 'user-agent' or the name of an entry of $_SERVER
false
rsso.device_marks = "pc"
  warning: ini_set(): rsso: rsso.device_marks: must be mark=device pairs such as '0=pc,1=ios': marks of a-z, A-Z, 0-9, '_' and '-', no mark and no device twice, and no mark that is the name of another device
false
rsso.device_marks = "0="
  warning: ini_set(): rsso: rsso.device_marks: must be mark=device pairs such as '0=pc,1=ios': marks of a-z, A-Z, 0-9, '_' and '-', no mark and no device twice, and no mark that is the name of another device
false
rsso.device_marks = "=pc"
  warning: ini_set(): rsso: rsso.device_marks: must be mark=device pairs such as '0=pc,1=ios': marks of a-z, A-Z, 0-9, '_' and '-', no mark and no device twice, and no mark that is the name of another device
false
rsso.device_marks = "0=PC"
  warning: ini_set(): rsso: rsso.device_marks: must be mark=device pairs such as '0=pc,1=ios': marks of a-z, A-Z, 0-9, '_' and '-', no mark and no device twice, and no mark that is the name of another device
false
rsso.device_marks = "0=pc,0=ios"
  warning: ini_set(): rsso: rsso.device_marks: must be mark=device pairs such as '0=pc,1=ios': marks of a-z, A-Z, 0-9, '_' and '-', no mark and no device twice, and no mark that is the name of another device
false
rsso.device_marks = "0=pc,1=pc"
  warning: ini_set(): rsso: rsso.device_marks: must be mark=device pairs such as '0=pc,1=ios': marks of a-z, A-Z, 0-9, '_' and '-', no mark and no device twice, and no mark that is the name of another device
false
rsso.device_marks = "ios=pc,1=ios"
  warning: ini_set(): rsso: rsso.device_marks: must be mark=device pairs such as '0=pc,1=ios': marks of a-z, A-Z, 0-9, '_' and '-', no mark and no device twice, and no mark that is the name of another device
false
