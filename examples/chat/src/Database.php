<?php

declare(strict_types=1);

namespace Chat;

use PDO;

/** The chat's own file: users and messages. Sessions and logins are not here, but in rsso's store. */
final class Database
{
    private const SCHEMA = <<<'SQL'
        CREATE TABLE IF NOT EXISTS users (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE COLLATE NOCASE,
            password TEXT NOT NULL,
            seen_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX IF NOT EXISTS users_seen ON users (seen_at);

        CREATE TABLE IF NOT EXISTS attempts (
            name TEXT PRIMARY KEY COLLATE NOCASE,
            failed INTEGER NOT NULL,
            since INTEGER NOT NULL
        ) STRICT;

        -- AUTOINCREMENT: a number is never given twice. One writer at a time: who sees a number sees all before it.
        CREATE TABLE IF NOT EXISTS messages (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            sender INTEGER NOT NULL REFERENCES users (id),
            recipient INTEGER NOT NULL REFERENCES users (id),
            text TEXT NOT NULL,
            sent_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX IF NOT EXISTS messages_received ON messages (recipient, sender);
        CREATE INDEX IF NOT EXISTS messages_sent ON messages (sender, recipient);

        CREATE TABLE IF NOT EXISTS read_marks (
            reader INTEGER NOT NULL REFERENCES users (id),
            sender INTEGER NOT NULL REFERENCES users (id),
            message INTEGER NOT NULL,
            PRIMARY KEY (reader, sender)
        ) STRICT, WITHOUT ROWID;
        SQL;

    public static function open(string $path): PDO
    {
        $mask = umask(0077); // the file, and what SQLite puts beside it, is for this system user alone: 0600
        try {
            $database = new PDO("sqlite:$path", options: [
                PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
                PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
                PDO::ATTR_TIMEOUT => 5,
            ]);
            $database->exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
            if ($database->query('PRAGMA user_version')->fetchColumn() !== 1) {
                $database->exec('BEGIN IMMEDIATE; ' . self::SCHEMA . ' PRAGMA user_version = 1; COMMIT');
            }
        } finally {
            umask($mask);
        }
        return $database;
    }
}
