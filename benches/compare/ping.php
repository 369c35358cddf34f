<?php
// Two round trips that do nothing, with phpredis: microseconds of both together, one a line.
//
//   php ping.php <port> <count>

declare(strict_types=1);

[, $port, $count] = $argv;
$redis = new Redis();
$redis->connect('127.0.0.1', (int) $port);
for ($i = -50; $i < (int) $count; $i++) {
    $began = hrtime(true);
    $redis->ping();
    $redis->ping();
    $took = hrtime(true) - $began;
    if ($i >= 0) {
        printf("%.1f\n", $took / 1000);
    }
}
