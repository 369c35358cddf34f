<?php
// double.php?uid=ann: a form that takes a while to sign in, beside no other login of the user (on_conflict=refuse). Says who
// is signed in here, and how many logins the user has.
session_start();
$said = 'nobody';
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    usleep(300_000);
    try {
        sso_claim($_GET['uid'], 'web', ['on_conflict' => 'refuse']);
        $_SESSION['uid'] = $_GET['uid'];
        header("Location: double.php?uid={$_GET['uid']}");
        exit;
    } catch (Rsso\LoginRefusedException $refused) {
        $said = $refused->reason;
    }
}
?>
<!doctype html>
<title>Sign in</title>
<p><?= htmlspecialchars($_SESSION['uid'] ?? $said) ?>, <?= count(sso_logins($_GET['uid'])) ?></p>
<form method="post"><button>Sign in</button></form>
