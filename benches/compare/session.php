<?php
// One workload with one session after the other: what each round of session_start() ... session_write_close() takes.
//
//   php session.php <workload> <bytes>            workloads: written unchanged new read_and_close regenerate
//
// BENCH_LOGIN=1: the session has a login. BENCH_TEXT=1: its data are lists of things, as text.

declare(strict_types=1);

require __DIR__ . '/handler.php';
require __DIR__ . '/Batches.php';

[, $workload, $bytes] = $argv;

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

if ($port = getenv('BENCH_PINGS')) {
    require __DIR__ . '/pings.php';
    exit;
}
$payload = payload((int) $bytes);
session_id(bin2hex(random_bytes(16)));
session_start();
$_SESSION = ['n' => 0, 'payload' => $payload];
$user = getenv('BENCH_LOGIN') ? 'user' . random_int(0, PHP_INT_MAX) : null;
if ($user !== null) {
    sso_claim($user, 'web', ['rotate_id' => false]);
}
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
$all = 0;

// A round that found nothing, or did not keep what it wrote, would be measured as something that it is not.
$check = function (int $count) use ($workload, $payload, $user, &$all) {
    $all += $count;
    if ($workload !== 'new' && ($_SESSION['payload'] ?? '') !== $payload) {
        exit("the session was lost\n");
    }
    if ($workload === 'written' && $_SESSION['n'] !== $all) {
        exit("updates were lost\n");
    }
    // Asks the server, so only after the first batch, which is not measured.
    if ($user !== null && $all === $count && count(sso_logins($user)) !== 1) {
        exit("the login was lost\n");
    }
};
Batches::serve($round, $check);
