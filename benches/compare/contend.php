<?php
// One of several processes that count one session up: 100 times, and holds it for 2 ms each time.
//
//   php contend.php <id> make|add|sum
//
// Prints as JSON, in nanoseconds: the slowest wait, the sum of the times for which it held the session, and when it
// began and ended on a clock that all processes share. With `sum`: the count.

declare(strict_types=1);

require __DIR__ . '/handler.php';

[, $id, $what] = $argv;
if ($what !== 'add') {
    session_id($id);
    session_start();
    $_SESSION['n'] ??= 0;
    exit($what === 'sum' ? (string) $_SESSION['n'] : 0);
}
$slowest = $held = 0;
$began = hrtime(true);
for ($i = 0; $i < 100; $i++) {
    session_id($id);
    $asked = hrtime(true);
    session_start();
    $got = hrtime(true);
    $slowest = max($slowest, $got - $asked);
    $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
    usleep(2000);
    $held += hrtime(true) - $got;
    session_write_close();
}
echo json_encode(['slowest' => $slowest, 'held' => $held, 'began' => $began, 'ended' => hrtime(true)]), "\n";
