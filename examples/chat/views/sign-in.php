<main class="sign-in">
    <p class="brand"><img src="/icon.svg" alt="" width="40" height="40"> rsso chat</p>
    <h1><?= $new ? 'Create an account' : 'Sign in' ?></h1>
<?php if ($kicked): ?>
    <p class="notice" id="kicked" role="status">
<?php if ($kicked['replaced']): ?>
        You were signed out at <?= Chat\time_tag($kicked['at']) ?>: <?= Chat\e($kicked['by']) ?> signed in with your account.
        If that was not you, sign in here and sign out all other devices.
<?php else: ?>
        You were signed out at <?= Chat\time_tag($kicked['at']) ?>, from another of your devices.
<?php endif ?>
    </p>
<?php endif ?>
<?php if ($error !== null): ?>
    <p class="error" id="error" role="alert"><?= Chat\e($error) ?></p>
<?php endif ?>
<?php if ($elsewhere): ?>
    <form method="post" action="/take-over" id="take-over">
        <input type="hidden" name="csrf" value="<?= Chat\e($token) ?>">
        <ul>
<?php foreach ($elsewhere as $login): ?>
            <li>
                <strong><?= Chat\e($login->label ?? Chat\device_name($login->device)) ?></strong>
                <small>last used at <?= Chat\time_tag($login->last_seen_at ?? $login->claimed_at) ?>, signed out by itself at
                    <?= Chat\time_tag($login->expires_at) ?></small>
            </li>
<?php endforeach ?>
        </ul>
        <button>Sign in here and end the other one</button>
    </form>
<?php endif ?>
    <form method="post" action="<?= $new ? '/register' : '/sign-in' ?>">
        <input type="hidden" name="csrf" value="<?= Chat\e($token) ?>">
        <label for="name">Name</label>
        <input id="name" name="name" value="<?= Chat\e($name) ?>" required maxlength="64" autocomplete="username" autocapitalize="none" autofocus>
        <label for="password">Password</label>
        <input id="password" name="password" type="password" required minlength="8" maxlength="72" autocomplete="<?= $new ? 'new' : 'current' ?>-password">
        <label for="device">This device is</label>
        <select id="device" name="device" aria-describedby="device-hint">
            <option value=""><?= Chat\e($here->label) ?></option>
<?php foreach (Chat\Device::CHOICES as $choice => $text): ?>
            <option value="<?= Chat\e($choice) ?>"<?= $choice === $device ? ' selected' : '' ?>><?= Chat\e($text) ?>, for this demo</option>
<?php endforeach ?>
        </select>
        <p class="hint" id="device-hint">You can be signed in once on each kind of device. A second time ends the first.</p>
        <button><?= $new ? 'Create account' : 'Sign in' ?></button>
    </form>
    <p class="other"><?= $new ? 'Have an account? <a href="/sign-in">Sign in</a>' : 'New here? <a href="/register">Create an account</a>' ?></p>
</main>
