<?php
session_start();
if (!hash_equals($_SESSION['csrf'] ?? random_bytes(16), $_POST['csrf'] ?? '') || $_POST['password'] !== 'correct horse') {
    http_response_code(403);
    exit('refused');
}
session_regenerate_id(true);
unset($_SESSION['csrf']);
$_SESSION['user'] = $_POST['user'];
header('Location: index.php', true, 303);
