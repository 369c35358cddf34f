<main class="logins">
    <h1>Where am I signed in</h1>
    <p class="hint">Once on each kind of device. A device that is signed out here is told at once.</p>
    <ul>
<?php foreach ($logins as $login): ?>
        <li data-login="<?= Chat\e($login->id) ?>"<?= $login->current ? ' class="current"' : '' ?>>
            <p>
                <strong><?= Chat\e($login->label ?? Chat\device_name($login->device)) ?></strong>
                <small><?= Chat\e(Chat\device_name($login->device)) ?>, since <?= Chat\time_tag($login->claimed_at) ?></small>
            </p>
<?php if ($login->current): ?>
            <span class="badge">this device</span>
<?php else: ?>
            <form method="post" action="/logins/end">
                <input type="hidden" name="csrf" value="<?= Chat\e($visitor->token()) ?>">
                <input type="hidden" name="login" value="<?= Chat\e($login->id) ?>">
                <button class="quiet" aria-label="Sign out <?= Chat\e($login->label ?? $login->device) ?>">Sign out</button>
            </form>
<?php endif ?>
        </li>
<?php endforeach ?>
    </ul>
<?php if (count($logins) > 1): ?>
    <form method="post" action="/logins/end-others">
        <input type="hidden" name="csrf" value="<?= Chat\e($visitor->token()) ?>">
        <button id="end-others">Sign out all other devices</button>
    </form>
<?php endif ?>
    <p class="other"><a href="/">Back to the chat</a></p>
</main>
