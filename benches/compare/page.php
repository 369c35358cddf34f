<?php
// A page that counts in its session; with ?sum it only tells the count.

declare(strict_types=1);

require __DIR__ . '/handler.php';

session_start();
if (!isset($_GET['sum'])) {
    $_SESSION['payload'] ??= base64_encode(random_bytes(1500));
    $_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1;
}
echo $_SESSION['n'] ?? 0;
