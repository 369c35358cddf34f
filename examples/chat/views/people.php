<?php if ($people === []): ?>
<p class="hint">Nobody else is here yet. Open a private window and create a second account.</p>
<?php endif ?>
<ul class="people">
<?php foreach ($people as $person): ?>
    <li>
        <a href="/?with=<?= Chat\e($person->user->id) ?>" title="<?= Chat\e($person->user->name) ?>"<?= $with?->id === $person->user->id ? ' aria-current="page"' : '' ?>>
            <span class="face hue<?= $person->user->id % 6 ?><?= $person->devices ? ' on' : '' ?>" aria-hidden="true"><?= Chat\e(Chat\initial($person->user->name)) ?></span>
            <span class="who"><span class="name"><?= Chat\e($person->user->name) ?></span>
            <small><?= $person->devices ? 'online: ' . Chat\e(implode(', ', array_map(Chat\device_name(...), $person->devices))) : 'not online' ?></small></span>
<?php if ($person->unread > 0): ?>
            <span class="unread"><?= Chat\e($person->unread) ?><span class="unseen"> not read</span></span>
<?php endif ?>
        </a>
    </li>
<?php endforeach ?>
</ul>
