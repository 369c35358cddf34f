<?php
session_start();
if (!hash_equals($_SESSION['csrf'] ?? random_bytes(16), $_POST['csrf'] ?? '')) {
    http_response_code(403);
    exit('refused');
}
$_SESSION = [];
['path' => $path, 'domain' => $domain] = session_get_cookie_params();
setcookie(session_name(), '', ['expires' => 1, 'path' => $path, 'domain' => $domain]);
session_destroy();
header('Location: index.php', true, 303);
