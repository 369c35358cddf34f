<?php
// beside.php?uid=ann&device=ios&label=... signs in as login.php does, beside the user's other logins, which are told of it.
ini_set('rsso.notify_other_logins', '1');
session_start();
header('Content-Type: text/plain');
echo sso_claim($_GET['uid'], $_GET['device'], ['label' => $_GET['label'], 'max_logins' => 0])->id;
