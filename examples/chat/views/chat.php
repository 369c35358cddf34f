<main class="chat<?= $with ? ' talking' : '' ?>">
    <aside aria-label="People">
        <?= $with === null ? '<h1 class="unseen">Chat</h1>' : '' ?>

        <div id="people"><?php require __DIR__ . '/people.php' ?></div>
    </aside>
<?php if ($with === null): ?>
    <section class="nobody" id="talk" data-me="<?= Chat\e($me->id) ?>" data-last="<?= Chat\e($last) ?>" data-token="<?= Chat\e($visitor->token()) ?>">
        <p>Choose somebody to talk to.</p>
    </section>
<?php else: ?>
    <section class="talk" id="talk" data-me="<?= Chat\e($me->id) ?>" data-with="<?= Chat\e($with->id) ?>" data-name="<?= Chat\e($with->name) ?>" data-last="<?= Chat\e($last) ?>" data-token="<?= Chat\e($visitor->token()) ?>">
        <h1><a class="back" href="/" aria-label="Back to all people">‹</a> <?= Chat\e($with->name) ?></h1>
        <div class="log" id="log" role="log" aria-live="polite" tabindex="0" aria-label="Messages with <?= Chat\e($with->name) ?>">
            <ol id="messages">
<?php foreach ($messages as $message): ?>
                <li data-id="<?= Chat\e($message['id']) ?>"<?= $message['sender'] === $me->id ? ' class="mine"' : '' ?>><span class="unseen"><?= $message['sender'] === $me->id ? 'You' : Chat\e($with->name) ?>: </span><p><?= Chat\e($message['text']) ?></p><?= Chat\time_tag($message['sent_at']) ?></li>
<?php endforeach ?>
            </ol>
        </div>
        <p class="error" id="error" role="alert"<?= $error === null ? ' hidden' : '' ?>><?= Chat\e($error) ?></p>
        <form method="post" action="/messages" id="compose">
            <input type="hidden" name="csrf" value="<?= Chat\e($visitor->token()) ?>">
            <input type="hidden" name="with" value="<?= Chat\e($with->id) ?>">
            <label class="unseen" for="text">Message to <?= Chat\e($with->name) ?></label>
            <textarea id="text" name="text" rows="1" required maxlength="<?= Chat\Messages::LENGTH ?>" placeholder="Write a message" autofocus><?= Chat\e($draft) ?></textarea>
            <button>Send</button>
        </form>
    </section>
    <template id="message"><li><span class="unseen"></span><p></p><time></time></li></template>
<?php endif ?>
</main>
