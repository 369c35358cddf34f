<?php
// Claims for one user, each from another session: what each sso_claim() takes once <live> logins live, the oldest of which it kicks.
//
//   php claim.php <live> [count]           with a count: so many at once, and nothing is printed

declare(strict_types=1);

require __DIR__ . '/Batches.php';

[, $live] = $argv;
$user = 'user' . random_int(0, PHP_INT_MAX);
$options = ['rotate_id' => false, 'max_logins' => (int) $live];
$claim = function () use ($user, $options) {
    session_id(bin2hex(random_bytes(16)));
    session_start();
    $began = hrtime(true);
    sso_claim($user, 'web', $options);
    $took = hrtime(true) - $began;
    session_write_close();
    return $took;
};
for ($n = 0; $n < ($argv[2] ?? $live); $n++) {
    $claim();
}
if (!isset($argv[2])) {
    // It asks the server, so only after the first batch, which is not measured.
    $checked = false;
    Batches::serve($claim, function () use ($user, $live, &$checked) {
        if (!$checked && count(sso_logins($user)) !== (int) $live) {
            exit("not $live logins live\n");
        }
        $checked = true;
    });
}
