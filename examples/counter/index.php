<?php
// The smallest thing a session does: count. Everything about rsso is in php.ini, nothing of it is here.

declare(strict_types=1);

session_start(['cookie_httponly' => true, 'cookie_samesite' => 'Lax', 'use_strict_mode' => true]);

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
    session_write_close(); // before the browser can ask again
    header('Location: /', response_code: 303);
    exit;
}

$count = $_SESSION['count'] ?? 0;
$handler = htmlspecialchars(session_module_name());
?>
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>rsso: a counter</title>
<style>
:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: Canvas; color: CanvasText; }
main { text-align: center; padding: 2.5rem 3.5rem; border: 1px solid color-mix(in srgb, CanvasText 15%, Canvas); border-radius: 1.25rem; }
output { display: block; font-size: 6rem; line-height: 1.1; font-weight: 700; font-variant-numeric: tabular-nums; }
button { font: inherit; padding: .6em 1.6em; border: 0; border-radius: 999px; background: #b7410e; color: #fff; cursor: pointer; }
button:focus-visible { outline: 3px solid #e08a5f; outline-offset: 2px; }
p { color: color-mix(in srgb, CanvasText 65%, Canvas); margin: 1.25rem 0 0; }
</style>
</head>
<body>
<main>
<output id="count"><?= $count ?></output>
<form method="post"><button>Count</button></form>
<p>Session handler: <code id="handler"><?= $handler ?></code></p>
<p>Open this page in another browser, or a private window: it counts for itself.</p>
</main>
</body>
</html>
