<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title><?= Chat\e($title) ?> · rsso chat</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
<?php foreach ($scripts as $script): ?>
<script type="module" src="<?= Chat\e($script) ?>"></script>
<?php endforeach ?>
</head>
<body data-gateway="<?= Chat\e($gateway) ?>">
<?php if ($visitor?->user): ?>
<header>
    <a class="brand" href="/"><img src="/icon.svg" alt="" width="24" height="24"> <span>rsso chat</span></a>
    <nav aria-label="You">
        <a href="/logins" id="me" title="Where am I signed in"><span class="name"><?= Chat\e($visitor->user->name) ?></span> <span class="where">Devices</span></a>
        <form method="post" action="/sign-out">
            <input type="hidden" name="csrf" value="<?= Chat\e($visitor->token()) ?>">
            <button id="sign-out" class="quiet">Sign out</button>
        </form>
    </nav>
</header>
<?php endif ?>
<?= $content ?>
</body>
</html>
