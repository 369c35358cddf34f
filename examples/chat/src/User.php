<?php

declare(strict_types=1);

namespace Chat;

/** Somebody with an account. For rsso the user is the number: names may change. */
final class User
{
    public function __construct(public readonly int $id, public readonly string $name)
    {
    }
}
