<?php
// One workload in one process: what each round of session_start() ... session_write_close() takes.
//
//   php session.php <workload> <bytes> <count>        workloads: written unchanged new read_and_close regenerate
//
// Prints the microseconds of each, one a line.

declare(strict_types=1);

[, $workload, $bytes, $count] = $argv;
$warm = (int) max(10, $count / 10);

require __DIR__ . '/handler.php';

// No packer makes it much smaller, and no two are alike.
function payload(int $bytes): string
{
    if (getenv('BENCH_TEXT')) {
        return things($bytes);
    }
    return substr(base64_encode(random_bytes($bytes)), 0, $bytes);
}

// What a shop or a form keeps in a session.
function things(int $bytes): string
{
    for ($text = '', $n = 1; strlen($text) < $bytes; $n++) {
        $text .= serialize(['id' => random_int(1, 1_000_000), 'title' => "Article number $n", 'price' => random_int(100, 99_999) / 100, 'seen' => date('c', random_int(1, 2_000_000_000))]);
    }
    return substr($text, 0, $bytes);
}

$payload = payload((int) $bytes);
$id = bin2hex(random_bytes(16));
session_id($id);
session_start();
$_SESSION = ['n' => 0, 'payload' => $payload];
session_write_close();

$rounds = [
    'written' => function () {
        session_start();
        $_SESSION['n']++;
        session_write_close();
    },
    'unchanged' => function () {
        session_start();
        session_write_close();
    },
    'read_and_close' => function () {
        session_start(['read_and_close' => true]);
    },
    'new' => function () use ($payload) {
        session_id('');
        session_start();
        $_SESSION = ['n' => 0, 'payload' => $payload];
        session_write_close();
    },
    'regenerate' => function () {
        session_start();
        session_regenerate_id(true);
        session_write_close();
    },
];
$round = $rounds[$workload] ?? exit("no workload '$workload'\n");

$took = [];
for ($i = -$warm; $i < (int) $count; $i++) {
    $began = hrtime(true);
    $round();
    $took[$i] = hrtime(true) - $began;
    // Another workload than 'new' that found nothing would be measured as something that it is not.
    if ($workload !== 'new' && ($_SESSION['payload'] ?? '') !== $payload) {
        exit("the session was lost in round $i\n");
    }
}
if ($workload === 'written' && $_SESSION['n'] !== $warm + (int) $count) {
    exit("updates were lost\n");
}
foreach ($took as $i => $nanoseconds) {
    if ($i >= 0) {
        printf("%.1f\n", $nanoseconds / 1000);
    }
}
