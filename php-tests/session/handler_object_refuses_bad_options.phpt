--TEST--
Rsso\SessionHandler refuses an unknown or bad option, and a bad DSN, by name
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

foreach ([
    ['', ['nonesuch' => 1]],
    ['', ['lock_wait' => 'soon']],
    ['', ['lock_failure' => 'ignore']],
    ['', ['prefix' => []]],
    ['', ['prefix' => null]],
    ['', ['dsn' => 'sqlite:/x']],
    ['', [5 => 1]],
    ['nonsense', []],
    ['redis://127.0.0.1:1?tiemout=2', []],
    ["sqlite:/a\0b", []],
] as [$dsn, $options]) {
    echo thrown_by(fn () => new Rsso\SessionHandler($dsn, $options)), "\n";
}
echo thrown_by(fn () => new Rsso\SessionHandler([])), "\n";
?>
--EXPECT--
Rsso\ConfigException: rsso: rsso.nonesuch: is not a directive of rsso; rsso.ini lists all there are
Rsso\ConfigException: rsso: rsso.lock_wait: must be seconds from 0 to 3600
Rsso\ConfigException: rsso: rsso.lock_failure: must be 'error' or 'readonly'
Rsso\ConfigException: rsso: option 'prefix': must be a string, a number or a boolean
Rsso\ConfigException: rsso: option 'prefix': must be a string, a number or a boolean
Rsso\ConfigException: rsso: option 'dsn': is the constructor's first argument
Rsso\ConfigException: rsso: rsso.5: is not a directive of rsso; rsso.ini lists all there are
Rsso\ConfigException: rsso: rsso.dsn: is not a DSN; accepted are sqlite:/path/to/file.db, redis://host:port/db, rediss://host:port/db, redis+unix:///path/to/socket?db=N, mysql://user:password@host:port/database
Rsso\ConfigException: rsso: rsso.dsn: has an unknown parameter 'tiemout'; with this scheme there are: db
Rsso\ConfigException: rsso: rsso.dsn: contains a NUL byte
TypeError: Rsso\SessionHandler::__construct(): Argument #1 ($dsn) must be of type string, array given
