<?php
// One of many that claim one user at once, limit 1, and whom race.php asks afterwards what has become of them.
//
//   claim <user> <when>        at that time of hrtime(): how long sso_claim() took, in microseconds
//   look                       whether the session has its login, and whether it was told of its kick

declare(strict_types=1);

while (($line = fgets(STDIN)) !== false) {
    [$what, $user, $when] = explode(' ', trim($line)) + ['', '', '0'];
    fwrite(STDOUT, json_encode($what === 'claim' ? claim($user, (int) $when) : look()) . "\n");
}

function claim(string $user, int $when): array
{
    global $id;
    session_id($id = bin2hex(random_bytes(16)));
    session_start();
    usleep((int) max(0, ($when - hrtime(true)) / 1000));
    $began = hrtime(true);
    sso_claim($user, 'web', ['rotate_id' => false, 'max_logins' => 1]);
    $took = hrtime(true) - $began;
    @session_write_close(); // it warns those that another claim has kicked already
    return ['took' => $took / 1000];
}

function look(): array
{
    global $id;
    session_id($id);
    session_start();
    $found = ['live' => sso_current() !== null, 'told' => sso_kicked() !== null];
    session_abort();
    return $found;
}
