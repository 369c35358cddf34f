<?php
// BENCH_PDO names a database to keep sessions in with a handler of PHP; else php.ini's handler counts.

declare(strict_types=1);

if ($dsn = getenv('BENCH_PDO')) {
    require_once __DIR__ . '/PdoHandler.php';
    session_set_save_handler(new PdoHandler($dsn, getenv('BENCH_PDO_USER'), getenv('BENCH_PDO_PASSWORD')), true);
}
