<?php
// Every request that is no file beside this one comes here.

declare(strict_types=1);

namespace Chat;

spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'Chat\\')) {
        require __DIR__ . '/../src/' . substr($class, strlen('Chat\\')) . '.php';
    }
});
require __DIR__ . '/../src/escape.php';

try {
    $response = App::open()->answer(Request::fromPhp());
    session_write_close(); // before the browser can ask again
} catch (\Rsso\StoreException | \Rsso\LockTimeoutException $failure) {
    error_log((string) $failure);
    $response = Response::problem(503, 'The chat cannot reach its sessions right now. Please try again in a moment.');
} catch (\Throwable $failure) {
    error_log((string) $failure);
    $response = Response::problem(500, 'Something went wrong here. It is not your fault.');
}
$response->send();
