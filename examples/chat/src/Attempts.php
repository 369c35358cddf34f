<?php

declare(strict_types=1);

namespace Chat;

use PDO;

/** Passwords that were tried: five for a name within a minute, whether there is such a user or not. */
final class Attempts
{
    private const LIMIT = 5;
    private const WITHIN = 60;

    public function __construct(private readonly PDO $database)
    {
    }

    /** Counts one more, before it is known whether it is right: any number at once are no more than the limit. */
    public function allow(string $name): bool
    {
        $now = time();
        $this->database->prepare('DELETE FROM attempts WHERE since <= ?')->execute([$now - self::WITHIN]);
        $count = $this->database->prepare(
            'INSERT INTO attempts (name, failed, since) VALUES (?, 1, ?)
             ON CONFLICT (name) DO UPDATE SET failed = failed + 1 RETURNING failed',
        );
        $count->execute([$name, $now]);
        $failed = $count->fetchColumn();
        $count->closeCursor();
        return $failed <= self::LIMIT;
    }

    public function forget(string $name): void
    {
        $this->database->prepare('DELETE FROM attempts WHERE name = ?')->execute([$name]);
    }
}
