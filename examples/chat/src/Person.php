<?php

declare(strict_types=1);

namespace Chat;

/** Somebody to talk to: where they are signed in, and how many of their messages wait to be read. */
final class Person
{
    /** @param list<string> $devices Device classes; none: not online. */
    public function __construct(
        public readonly User $user,
        public readonly array $devices,
        public readonly int $unread,
    ) {
    }
}
