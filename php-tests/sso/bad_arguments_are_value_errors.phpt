--TEST--
an argument or option that cannot be used is a ValueError in PHP's own style, before anything happens
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$id = start();
$meta = fn (mixed $value) => sso_claim('ada', options: ['meta' => $value]);
$option = fn (string $name, mixed $value) => sso_claim('ada', options: [$name => $value]);
foreach ([
    fn () => sso_claim(''),
    fn () => sso_claim(str_repeat('x', 256)),
    fn () => sso_claim('ada', ''),
    fn () => sso_claim('ada', 'Web'),
    fn () => sso_claim('ada', str_repeat('w', 33)),
    fn () => $option('max_login', 1),
    fn () => sso_claim('ada', options: ['kick']),
    fn () => $option('max_logins', -1),
    fn () => $option('max_logins', 1_000_001),
    fn () => $option('max_logins', 1.5),
    fn () => $option('max_logins', true),
    fn () => $option('max_logins', null),
    fn () => $option('max_logins_per_device', 'many'),
    fn () => $option('on_conflict', 'ask'),
    fn () => $option('on_conflict', 1),
    fn () => $option('victim', null),
    fn () => $option('label', 1),
    fn () => $option('label', "\xff"),
    fn () => $option('label', str_repeat('x', 256)),
    fn () => $option('rotate_id', 0),
    fn () => $option('await_delivery', -1),
    fn () => $option('await_delivery', 10_001),
    fn () => $option('await_delivery', '500'),
    fn () => $meta('text'),
    fn () => $meta(new stdClass),
    fn () => $meta([str_repeat('x', 4096)]),
    fn () => $meta(["\xff"]),
    fn () => $meta([NAN]),
    fn () => sso_logins(''),
    fn () => sso_logins('ada', ''),
    fn () => sso_kick('ada', 'IOS'),
    fn () => sso_kick('ada', reason: ''),
    fn () => sso_kick('ada', reason: str_repeat('r', 65)),
    fn () => sso_kick('ada', options: ['logins' => 'x']),
    fn () => sso_kick('ada', options: ['login' => 'x']),
    fn () => sso_kick('ada', options: ['login' => null]),
    fn () => sso_kick('ada', options: ['except_current' => 1]),
    fn () => sso_notify('', 'x'),
    fn () => sso_notify('ada', 'x', 'I'),
    fn () => sso_notify('ada', str_repeat('x', 65_535)),
    fn () => sso_notify('ada', "\xff"),
    fn () => sso_login_id('ada', 'a#b'),
    fn () => sso_parse_login_id('ada'),
    fn () => sso_parse_login_id('#ada'),
    fn () => sso_parse_login_id('ios#'),
    fn () => sso_login_ids(''),
    // What is no user is not made one.
    fn () => sso_claim(null),
    fn () => sso_claim(false),
    fn () => sso_claim(1.0),
    fn () => sso_claim([]),
    fn () => sso_kick(new ArrayObject),
    fn () => sso_claim(),
    fn () => sso_claim('ada', 'web', [], 1),
] as $act) {
    echo thrown_by($act), "\n";
}
var_dump(sso_current(), session_id() === $id, sso_logins('ada'));

// What just fits is taken.
var_dump(sso_claim(str_repeat('x', 255), str_repeat('w', 32), [
    'max_logins' => '1000000', 'max_logins_per_device' => 0, 'label' => str_repeat('x', 255), 'meta' => [str_repeat('x', 4092)],
])->current, sso_notify(str_repeat('x', 255), str_repeat('x', 65_534)));
?>
--EXPECT--
ValueError: sso_claim(): Argument #1 ($uid) must be 1 to 255 bytes long, 0 given
ValueError: sso_claim(): Argument #1 ($uid) must be 1 to 255 bytes long, 256 given
ValueError: sso_claim(): Argument #2 ($device) must be 1 to 32 characters of a-z, 0-9, '_' and '-', for instance 'web'
ValueError: sso_claim(): Argument #2 ($device) must be 1 to 32 characters of a-z, 0-9, '_' and '-', for instance 'web'
ValueError: sso_claim(): Argument #2 ($device) must be 1 to 32 characters of a-z, 0-9, '_' and '-', for instance 'web'
ValueError: sso_claim(): Argument #3 ($options) option 'max_login' does not exist; there are max_logins, max_logins_per_device, on_conflict, victim, label, meta, rotate_id and await_delivery
ValueError: sso_claim(): Argument #3 ($options) option '0' does not exist; there are max_logins, max_logins_per_device, on_conflict, victim, label, meta, rotate_id and await_delivery
ValueError: sso_claim(): Argument #3 ($options) option 'max_logins' must be a whole number from 0 (no limit) to 1000000
ValueError: sso_claim(): Argument #3 ($options) option 'max_logins' must be a whole number from 0 (no limit) to 1000000
ValueError: sso_claim(): Argument #3 ($options) option 'max_logins' must be a whole number from 0 (no limit) to 1000000
ValueError: sso_claim(): Argument #3 ($options) option 'max_logins' must be a whole number from 0 (no limit) to 1000000
ValueError: sso_claim(): Argument #3 ($options) option 'max_logins' must be a whole number from 0 (no limit) to 1000000
ValueError: sso_claim(): Argument #3 ($options) option 'max_logins_per_device' must be a whole number from 0 (no limit) to 1000000
ValueError: sso_claim(): Argument #3 ($options) option 'on_conflict' must be 'kick' or 'refuse'
ValueError: sso_claim(): Argument #3 ($options) option 'on_conflict' must be 'kick' or 'refuse'
ValueError: sso_claim(): Argument #3 ($options) option 'victim' must be 'oldest' or 'idle'
ValueError: sso_claim(): Argument #3 ($options) option 'label' must be UTF-8 text of at most 255 bytes
ValueError: sso_claim(): Argument #3 ($options) option 'label' must be UTF-8 text of at most 255 bytes
ValueError: sso_claim(): Argument #3 ($options) option 'label' must be UTF-8 text of at most 255 bytes
ValueError: sso_claim(): Argument #3 ($options) option 'rotate_id' must be true or false
ValueError: sso_claim(): Argument #3 ($options) option 'await_delivery' must be a whole number of milliseconds from 0 to 10000
ValueError: sso_claim(): Argument #3 ($options) option 'await_delivery' must be a whole number of milliseconds from 0 to 10000
ValueError: sso_claim(): Argument #3 ($options) option 'await_delivery' must be a whole number of milliseconds from 0 to 10000
ValueError: sso_claim(): Argument #3 ($options) option 'meta' must be an array
ValueError: sso_claim(): Argument #3 ($options) option 'meta' must be an array
ValueError: sso_claim(): Argument #3 ($options) option 'meta' must take at most 4096 bytes as JSON, 4100 given
JsonException: Malformed UTF-8 characters, possibly incorrectly encoded
JsonException: Inf and NaN cannot be JSON encoded
ValueError: sso_logins(): Argument #1 ($uid) must be 1 to 255 bytes long, 0 given
ValueError: sso_logins(): Argument #2 ($device) must be 1 to 32 characters of a-z, 0-9, '_' and '-', for instance 'web'
ValueError: sso_kick(): Argument #2 ($device) must be 1 to 32 characters of a-z, 0-9, '_' and '-', for instance 'web'
ValueError: sso_kick(): Argument #3 ($reason) must be UTF-8 text of 1 to 64 bytes
ValueError: sso_kick(): Argument #3 ($reason) must be UTF-8 text of 1 to 64 bytes
ValueError: sso_kick(): Argument #4 ($options) option 'logins' does not exist; there are login and except_current
ValueError: sso_kick(): Argument #4 ($options) option 'login' must be a login's id, a ULID of 26 characters
ValueError: sso_kick(): Argument #4 ($options) option 'login' must be a login's id, a ULID of 26 characters
ValueError: sso_kick(): Argument #4 ($options) option 'except_current' must be true or false
ValueError: sso_notify(): Argument #1 ($uid) must be 1 to 255 bytes long, 0 given
ValueError: sso_notify(): Argument #3 ($device) must be 1 to 32 characters of a-z, 0-9, '_' and '-', for instance 'web'
ValueError: sso_notify(): Argument #2 ($payload) must take at most 65536 bytes as JSON, 65537 given
JsonException: Malformed UTF-8 characters, possibly incorrectly encoded
ValueError: sso_login_id(): Argument #2 ($device) must be 1 to 32 characters of a-z, 0-9, '_' and '-', for instance 'web'
ValueError: sso_parse_login_id(): Argument #1 ($login_id) must be a device or its mark, '#' and the uid, for instance 'ios#abc001'
ValueError: sso_parse_login_id(): Argument #1 ($login_id) must be a device or its mark, '#' and the uid, for instance 'ios#abc001'
ValueError: sso_parse_login_id(): Argument #1 ($login_id) must be a device or its mark, '#' and the uid, for instance 'ios#abc001'
ValueError: sso_login_ids(): Argument #1 ($uid) must be 1 to 255 bytes long, 0 given
TypeError: sso_claim(): Argument #1 ($uid) must be of type string|int, null given
TypeError: sso_claim(): Argument #1 ($uid) must be of type string|int, bool given
TypeError: sso_claim(): Argument #1 ($uid) must be of type string|int, float given
TypeError: sso_claim(): Argument #1 ($uid) must be of type string|int, array given
TypeError: sso_kick(): Argument #1 ($uid) must be of type string|int, ArrayObject given
ArgumentCountError: sso_claim() expects at least 1 argument, 0 given
ArgumentCountError: sso_claim() expects at most 3 arguments, 4 given
NULL
bool(true)
array(0) {
}
bool(true)
int(1)
