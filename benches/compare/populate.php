<?php
// Copies of a session that rsso makes, as Redis' protocol, for redis-cli --pipe.
//
//   php populate.php <port> <count> <bytes of data>

declare(strict_types=1);

[, $port, $count, $bytes] = $argv;
session_start();
$_SESSION['payload'] = substr(base64_encode(random_bytes((int) $bytes)), 0, $bytes - strlen('payload|s:200:"";'));
session_write_close();
$redis = new Redis();
$redis->connect('127.0.0.1', (int) $port);
[$key] = $redis->keys('rsso:{*}:d');
[$record, $expires] = [$redis->get($key), (string) $redis->pttl($key)];
for ($i = 0; $i < (int) $count; $i++) {
    $name = rtrim(strtr(base64_encode(hash('sha256', (string) $i, true)), '+/', '-_'), '=');
    $words = ['SET', preg_replace('/\{.*\}/', '{' . $name . '}', $key), $record, 'PX', $expires];
    $command = '*' . count($words) . "\r\n";
    foreach ($words as $word) {
        $command .= '$' . strlen($word) . "\r\n$word\r\n";
    }
    echo $command;
}
