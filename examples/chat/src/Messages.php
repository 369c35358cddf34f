<?php

declare(strict_types=1);

namespace Chat;

use PDO;

/** What people wrote to each other. Kept here, so that a push that finds nobody loses nothing. */
final class Messages
{
    public const LENGTH = 2000;

    private const COLUMNS = 'id, sender, recipient, text, sent_at';

    public function __construct(private readonly PDO $database)
    {
    }

    /** The text as it is kept; null for nothing, too much, or what is no UTF-8. */
    public static function clean(string $text): ?string
    {
        $text = trim(str_replace(["\r\n", "\r"], "\n", $text));
        return preg_match('/^[^\x00-\x08\x0b-\x1f\x7f]{1,' . self::LENGTH . '}$/Du', $text) ? $text : null;
    }

    /** @return array<string, int|string> The message, as pages and browsers get it. */
    public function store(User $from, User $to, string $text): array
    {
        $message = ['sender' => $from->id, 'recipient' => $to->id, 'text' => $text, 'sent_at' => time()];
        $this->database->prepare('INSERT INTO messages (sender, recipient, text, sent_at) VALUES (?, ?, ?, ?)')
            ->execute(array_values($message));
        return ['id' => (int) $this->database->lastInsertId()] + $message;
    }

    /** @return list<array<string, int|string>> The last ones between the two, the oldest first. */
    public function between(User $one, User $other, int $limit = 100): array
    {
        $select = $this->database->prepare(
            'SELECT ' . self::COLUMNS . ' FROM messages
             WHERE (sender = :one AND recipient = :other) OR (sender = :other AND recipient = :one)
             ORDER BY id DESC LIMIT :limit',
        );
        $select->execute(['one' => $one->id, 'other' => $other->id, 'limit' => $limit]);
        return array_reverse($select->fetchAll());
    }

    /** @return list<array<string, int|string>> What the user has sent and received since that message. */
    public function since(User $user, int $id, int $limit): array
    {
        $select = $this->database->prepare(
            'SELECT ' . self::COLUMNS . ' FROM messages
             WHERE id > :id AND (sender = :user OR recipient = :user) ORDER BY id LIMIT :limit',
        );
        $select->execute(['id' => $id, 'user' => $user->id, 'limit' => $limit]);
        return $select->fetchAll();
    }

    public function last(): int
    {
        return (int) $this->database->query('SELECT MAX(id) FROM messages')->fetchColumn();
    }

    /** @return list<User> With whom the user has talked, the latest first. */
    public function partners(User $user, int $limit): array
    {
        $select = $this->database->prepare(
            'SELECT users.id, users.name FROM users JOIN (
                 SELECT recipient AS partner, MAX(id) AS last FROM messages WHERE sender = :user GROUP BY recipient
                 UNION ALL SELECT sender, MAX(id) FROM messages WHERE recipient = :user GROUP BY sender
             ) ON users.id = partner GROUP BY users.id ORDER BY MAX(last) DESC LIMIT :limit',
        );
        $select->execute(['user' => $user->id, 'limit' => $limit]);
        return array_map(static fn (array $row) => new User(...$row), $select->fetchAll());
    }

    /** @return array<int, int> How many the user has not read yet, by who sent them. */
    public function unread(User $user): array
    {
        $select = $this->database->prepare(
            'SELECT sender, COUNT(*) FROM messages WHERE recipient = :user AND id > COALESCE(
                 (SELECT message FROM read_marks WHERE reader = :user AND read_marks.sender = messages.sender), 0
             ) GROUP BY sender',
        );
        $select->execute(['user' => $user->id]);
        return $select->fetchAll(PDO::FETCH_KEY_PAIR);
    }

    public function markRead(User $reader, User $sender, int $upTo): void
    {
        $this->database->prepare(
            'INSERT INTO read_marks (reader, sender, message) VALUES (?, ?, ?)
             ON CONFLICT (reader, sender) DO UPDATE SET message = MAX(message, excluded.message)',
        )->execute([$reader->id, $sender->id, $upTo]);
    }
}
