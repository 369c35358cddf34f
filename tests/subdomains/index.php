<?php
// Who is logged in, and the forms that change it.
session_start();
$_SESSION['csrf'] ??= bin2hex(random_bytes(16));
$views = $_SESSION['views'] ?? 0;
usleep(2000); // two tabs at once must wait for each other
$_SESSION['views'] = $views + 1;
$shown = [
    'host' => $_SERVER['SERVER_NAME'],
    'pool' => getenv('POOL'),
    'user' => $_SESSION['user'] ?? 'nobody',
    'views' => $_SESSION['views'],
];
$csrf = '<input type="hidden" name="csrf" value="' . $_SESSION['csrf'] . '">';
?>
<!doctype html>
<title>Accounts</title>
<p id="shown"><?= htmlspecialchars(json_encode($shown)) ?></p>
<form id="login" method="post" action="login.php">
    <?= $csrf ?> <input name="user"> <input name="password" type="password"> <button>Log in</button>
</form>
<form id="logout" method="post" action="logout.php">
    <?= $csrf ?> <button>Log out</button>
</form>
