<?php

declare(strict_types=1);

namespace Chat;

use PDO;

/** The accounts: names and hashes of passwords. */
final class Users
{
    /** Letters, digits, marks, signs and spaces inside: nothing that cannot be seen. */
    private const NAME = '/^(?! )[\p{L}\p{N}\p{M}\p{P}\p{S} ]{1,64}(?<! )$/Du';

    /** bcrypt looks at 72 bytes. */
    private const PASSWORD = '/^(?=.{8})[^\x00]{8,72}$/Ds';

    /** @see touch() */
    private const TOUCH_EVERY = 60;

    public function __construct(private readonly PDO $database)
    {
    }

    public static function isName(string $name): bool
    {
        return preg_match(self::NAME, $name) === 1;
    }

    public static function isPassword(string $password): bool
    {
        return preg_match(self::PASSWORD, $password) === 1;
    }

    /** The new account; null where the name is taken. */
    public function register(string $name, string $password): ?User
    {
        $insert = $this->database->prepare(
            'INSERT INTO users (name, password, seen_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING id',
        );
        $insert->execute([$name, password_hash($password, PASSWORD_DEFAULT), time()]);
        $id = $insert->fetchColumn();
        $insert->closeCursor(); // RETURNING: the row is written when the statement is done
        return $id === false ? null : new User($id, $name);
    }

    /** The user whose name and password these are. Takes as long whether there is such a name or not. */
    public function verified(string $name, string $password): ?User
    {
        $select = $this->database->prepare('SELECT id, name, password FROM users WHERE name = ?');
        $select->execute([$name]);
        $row = $select->fetch();
        if ($row === false) {
            password_hash($password, PASSWORD_DEFAULT);
            return null;
        }
        if (!password_verify($password, $row['password'])) {
            return null;
        }
        if (password_needs_rehash($row['password'], PASSWORD_DEFAULT)) {
            $this->database->prepare('UPDATE users SET password = ? WHERE id = ?')
                ->execute([password_hash($password, PASSWORD_DEFAULT), $row['id']]);
        }
        return new User($row['id'], $row['name']);
    }

    public function find(int $id): ?User
    {
        $select = $this->database->prepare('SELECT id, name FROM users WHERE id = ?');
        $select->execute([$id]);
        $row = $select->fetch();
        return $row === false ? null : new User(...$row);
    }

    /** Remembers that the user was here; once a minute is enough. */
    public function touch(User $user): void
    {
        $this->database->prepare('UPDATE users SET seen_at = ? WHERE id = ? AND seen_at < ?')
            ->execute([time(), $user->id, time() - self::TOUCH_EVERY]);
    }

    /**
     * Who was here within as long as a session lives, and so may be signed in still; the latest first.
     *
     * @return list<User>
     */
    public function lately(int $limit): array
    {
        $since = time() - (int) ini_get('session.gc_maxlifetime') - self::TOUCH_EVERY;
        $select = $this->database->prepare('SELECT id, name FROM users WHERE seen_at > ? ORDER BY seen_at DESC LIMIT ?');
        $select->execute([$since, $limit]);
        return array_map(static fn (array $row) => new User(...$row), $select->fetchAll());
    }
}
