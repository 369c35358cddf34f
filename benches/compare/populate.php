<?php
// Sessions as rsso stores them, as Redis' protocol, for redis-cli --pipe.
//
//   php populate.php <count> <bytes of data>

declare(strict_types=1);

[, $count, $bytes] = $argv;
for ($i = 0; $i < (int) $count; $i++) {
    $key = 'rsso:{' . rtrim(strtr(base64_encode(hash('sha256', (string) $i, true)), '+/', '-_'), '=') . '}:d';
    $record = str_repeat('x', (int) $bytes) . 'R1S' . random_bytes(24);
    $words = ['SET', $key, $record, 'PX', '1485000'];
    $command = '*' . count($words) . "\r\n";
    foreach ($words as $word) {
        $command .= '$' . strlen($word) . "\r\n$word\r\n";
    }
    echo $command;
}
