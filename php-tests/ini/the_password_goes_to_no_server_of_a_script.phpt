--TEST--
rsso.password goes to the server that php.ini names, and to none that a script names
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$secret = 'mauve elephant';
$file = new_directory() . '/password';
file_put_contents($file, $secret);

/** What a server hears of a PHP that runs this code; `SERVER` is its address. */
function heard(string $code, array $ini): string
{
    $server = stream_socket_server('tcp://127.0.0.1:0');
    $code = str_replace('SERVER', stream_socket_get_name($server, false), "try { $code } catch (Rsso\\RssoException) { }");
    foreach ($ini as &$value) {
        $value = str_replace('SERVER', stream_socket_get_name($server, false), $value);
    }
    $php = new OtherPhp($code, $ini + ['rsso.connect_timeout' => '5', 'rsso.read_timeout' => '5']);
    $connection = stream_socket_accept($server, 20);
    stream_set_timeout($connection, 20);
    $heard = fread($connection, 4096);
    fclose($connection);
    fclose($server);
    $php->rest();
    return $heard;
}

$ways = [
    'constructor' => '$h = new Rsso\SessionHandler("redis://SERVER"); $h->open("", ""); $h->read(str_repeat("a", 26));',
    'with options' => '$h = new Rsso\SessionHandler("redis://SERVER", ["prefix" => "x"]); $h->open("", ""); $h->read(str_repeat("a", 26));',
    'ini_set' => 'ini_set("rsso.dsn", "redis://SERVER"); session_start();',
    'save path' => 'ini_set("rsso.dsn", ""); session_save_path("redis://SERVER"); session_start();',
    'open' => 'ini_set("rsso.dsn", ""); $h = new Rsso\SessionHandler; $h->open("redis://SERVER", ""); $h->read(str_repeat("a", 26));',
];
foreach ([['rsso.password' => $secret], ['rsso.password_file' => $file]] as $password) {
    $told = fn (string $code, string $dsn) => str_contains(heard($code, ['rsso.dsn' => $dsn] + $password), $secret);
    foreach ($ways as $name => $code) {
        echo $name, ': ', json_encode($told($code, 'redis://127.0.0.1:1')), "\n";
    }
    // The same account of the same server is the administrator's, whoever names it.
    echo 'php.ini: ', json_encode($told('session_start();', 'redis://SERVER')), "\n";
    echo 'again: ', json_encode($told($ways['constructor'], 'redis://SERVER/3')), "\n";
    echo 'other options: ', json_encode($told('$h = new Rsso\SessionHandler(options: ["prefix" => "x"]); $h->open("", ""); $h->read(str_repeat("a", 26));', 'redis://SERVER')), "\n";
    echo 'restored: ', json_encode($told('ini_set("rsso.dsn", "redis://127.0.0.1:1"); ini_restore("rsso.dsn"); session_start();', 'redis://SERVER')), "\n";
    echo 'other user: ', json_encode($told('$h = new Rsso\SessionHandler("redis://eve@SERVER"); $h->open("", ""); $h->read(str_repeat("a", 26));', 'redis://SERVER')), "\n";
}
// A script's own goes wherever it sends it.
$own = '$h = new Rsso\SessionHandler("redis://SERVER", ["password" => "its own"]); $h->open("", ""); $h->read(str_repeat("a", 26));';
var_dump(str_contains(heard($own, ['rsso.dsn' => 'redis://127.0.0.1:1', 'rsso.password' => $secret]), 'its own'));
?>
--EXPECT--
constructor: false
with options: false
ini_set: false
save path: false
open: false
php.ini: true
again: true
other options: true
restored: true
other user: false
constructor: false
with options: false
ini_set: false
save path: false
open: false
php.ini: true
again: true
other options: true
restored: true
other user: false
bool(true)
