<?php
// Logins of users of one's own, each from a new session, so that each kicks the one before it: microseconds of each
// sso_claim(), one a line.
//
//   php claim.php <user> <count>

declare(strict_types=1);

[, $user, $count] = $argv;
for ($i = 0; $i < (int) $count; $i++) {
    session_id(bin2hex(random_bytes(16)));
    session_start();
    $began = hrtime(true);
    sso_claim($user, 'web', ['rotate_id' => false]);
    printf("%.1f\n", (hrtime(true) - $began) / 1000);
    session_write_close();
}
