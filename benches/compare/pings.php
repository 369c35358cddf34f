<?php
// Two round trips that do nothing, with phpredis. Included by session.php: the least that any handler with a lock can cost.

declare(strict_types=1);

$redis = new Redis();
$redis->connect('127.0.0.1', (int) $port);
Batches::serve(function () use ($redis) {
    $redis->ping();
    $redis->ping();
}, fn () => null);
