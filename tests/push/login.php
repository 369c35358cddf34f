<?php
// login.php?uid=ann&device=web&label=... signs in: this browser is that user from now on. Answers with the login's id.
session_start();
$options = isset($_GET['label']) ? ['label' => $_GET['label']] : [];
header('Content-Type: text/plain');
echo sso_claim($_GET['uid'], $_GET['device'] ?? 'web', $options)->id;
