--TEST--
an exception's code is a constant of its class, and says which kind of failure it was
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

// Their values never change: scripts may have stored or logged them.
foreach ((new ReflectionClass(Rsso\RssoException::class))->getConstants() as $name => $value) {
    echo "$name = $value\n";
}

/** The class of what session_start() throws with this DSN, and its code by name. */
function kind_of(string $dsn, array $ini = []): string
{
    foreach ($ini + ['rsso.dsn' => $dsn] as $name => $value) {
        ini_set($name, $value);
    }
    try {
        session_start();
    } catch (Rsso\RssoException $thrown) {
        $names = array_flip((new ReflectionClass($thrown))->getConstants());
        return $thrown::class . ' ' . ($names[$thrown->getCode()] ?? $thrown->getCode());
    }
    session_abort();
    return 'nothing was thrown';
}

$guarded = new Redis('--requirepass', 'right');
$damaged = new_directory() . '/rsso.sqlite';
file_put_contents($damaged, str_repeat('not a database ', 1000));

echo "\n";
echo 'no Redis there: ', kind_of('redis://127.0.0.1:1/2'), "\n";
echo 'no socket there: ', kind_of('redis+unix:///nowhere/redis.sock'), "\n";
echo 'no MySQL there: ', kind_of('mysql://ada:mauveelephant@127.0.0.1:1/shop'), "\n";
echo 'no directory there: ', kind_of('sqlite:/nowhere/rsso.sqlite'), "\n";
echo 'a wrong password: ', kind_of($guarded->dsn(':wrong@')), "\n";
echo 'no such database: ', kind_of($guarded->dsn(':right@') . '/99'), "\n";
echo 'not a MySQL server: ', kind_of("mysql://ada@127.0.0.1:$guarded->port/shop", ['rsso.read_timeout' => '0.3']), "\n";
echo 'a damaged file: ', kind_of("sqlite:$damaged"), "\n";
$guarded->hang();
echo 'a server that hangs: ', kind_of($guarded->dsn(':right@')), "\n";
$guarded->wake_up();

// A constant can be written with whatever class is caught.
var_dump(Rsso\StoreException::UNREACHABLE === Rsso\RssoException::UNREACHABLE);

echo "\n";
try {
    new Rsso\SessionHandler('', ['lock_wait' => 'soon']);
} catch (Rsso\ConfigException $thrown) {
    var_dump($thrown->getCode() === Rsso\ConfigException::CONFIGURATION);
}
?>
--EXPECT--
UNREACHABLE = 1
REFUSED = 2
TIMED_OUT = 3
FULL = 4
READ_ONLY = 5
TOO_LARGE = 6
DAMAGED = 7
NOT_ALLOWED = 8
CONFIGURATION = 9

no Redis there: Rsso\StoreException UNREACHABLE
no socket there: Rsso\StoreException UNREACHABLE
no MySQL there: Rsso\StoreException UNREACHABLE
no directory there: Rsso\StoreException UNREACHABLE
a wrong password: Rsso\StoreException REFUSED
no such database: Rsso\StoreException CONFIGURATION
not a MySQL server: Rsso\StoreException TIMED_OUT
a damaged file: Rsso\StoreException DAMAGED
a server that hangs: Rsso\StoreException TIMED_OUT
bool(true)

bool(true)
