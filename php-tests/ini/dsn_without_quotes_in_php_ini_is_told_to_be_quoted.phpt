--TEST--
a DSN that php.ini has cut or calculated with, because it has no quotes, says so; other notations are answered with rsso's
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

preg_match('/-d "?(extension=[^" ]+)/', getenv('TEST_PHP_EXTRA_ARGS'), $extension);
/** What session_start() says where this line stands in a php.ini. */
function said(string $line): string
{
    global $extension;
    $directory = new_directory();
    file_put_contents("$directory/php.ini", "$extension[1]\nsession.save_handler=rsso\nsession.use_cookies=0\nlog_errors=0\ndisplay_errors=0\n$line\n");
    $code = 'try { session_start(); echo "started"; } catch (Throwable $t) { echo $t->getMessage(); }';
    return shell_exec(PHP_BINARY . ' -n -c ' . escapeshellarg($directory) . ' -r ' . escapeshellarg($code) . ' 2>/dev/null');
}

foreach ([
    'sqlite:/nonesuch/x.db?mode=0660', 'redis://127.0.0.1:1?db=2', 'rediss://h?ca=/etc/ca.pem', 'mysql://u@h/db?tls=1&charset=utf8mb4',
    'redis://:mauve;elephant@h', 'redis://:mauve=elephant@h', 'redis://:mauve&elephant@h', 'mysql:host=h;dbname=db',
] as $dsn) {
    $said = said("rsso.dsn = $dsn");
    echo $dsn, "\n  ", preg_match('/^rsso: rsso\.dsn: .*(double quotes|write it as \S*)/', $said, $found) ? $found[1] : $said, "\n";
    if (preg_match('/mauve|elephant/', $said)) {
        echo "PASSWORD: $said\n";
    }
}
echo said('rsso.dsn = "mysql:host=db.example;port=3307;dbname=shop"'), "\n";
echo said('session.save_path = "tcp://127.0.0.1:6379?auth=mauve&database=2"'), "\n";
echo said('rsso.dsn = "127.0.0.1:6379"'), "\n";
?>
--EXPECT--
sqlite:/nonesuch/x.db?mode=0660
  double quotes
redis://127.0.0.1:1?db=2
  double quotes
rediss://h?ca=/etc/ca.pem
  double quotes
mysql://u@h/db?tls=1&charset=utf8mb4
  double quotes
redis://:mauve;elephant@h
  double quotes
redis://:mauve=elephant@h
  double quotes
redis://:mauve&elephant@h
  double quotes
mysql:host=h;dbname=db
  write it as mysql://user:password@localhost/database
rsso: rsso.dsn: is not a DSN of rsso's; write it as mysql://user:password@db.example:3307/shop
rsso: session.save_path: is not a DSN of rsso's; write it as redis://:password@127.0.0.1:6379/2
rsso: rsso.dsn: is not a DSN of rsso's; write it as redis://127.0.0.1:6379
