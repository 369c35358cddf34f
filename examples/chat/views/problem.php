<main class="sign-in">
    <h1>Sorry</h1>
    <p role="alert"><?= Chat\e($text) ?></p>
    <p class="other"><a href="/">To the chat</a></p>
</main>
