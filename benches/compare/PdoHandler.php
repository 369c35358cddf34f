<?php

declare(strict_types=1);

/**
 * Sessions in a table, as frameworks keep them: the lock is a transaction with SELECT ... FOR UPDATE, the write is an
 * INSERT ... ON DUPLICATE KEY UPDATE; PDO as it comes (a prepared statement is one round trip); the connection is persistent.
 */
final class PdoHandler implements SessionHandlerInterface, SessionUpdateTimestampHandlerInterface
{
    private const TABLE = 'CREATE TABLE IF NOT EXISTS bench_sessions (
        sess_id VARBINARY(128) NOT NULL PRIMARY KEY,
        sess_data MEDIUMBLOB NOT NULL,
        sess_lifetime INT UNSIGNED NOT NULL,
        sess_time INT UNSIGNED NOT NULL,
        KEY sess_lifetime_idx (sess_lifetime)
    ) ENGINE = InnoDB';

    private PDO $pdo;

    public function __construct(string $dsn, string $user, string $password)
    {
        $this->pdo = new PDO($dsn, $user, $password, [
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
            PDO::ATTR_PERSISTENT => true,
        ]);
    }

    public function createTable(): void
    {
        $this->pdo->exec(self::TABLE);
    }

    public function open(string $path, string $name): bool
    {
        return true;
    }

    public function read(string $id): string|false
    {
        $this->pdo->exec('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
        $this->pdo->beginTransaction();
        $row = $this->select($id);
        if ($row === false) {
            // Whoever comes second waits here for the first.
            $this->run('INSERT IGNORE INTO bench_sessions VALUES (?, ?, ?, ?)', [$id, '', $this->expires(), time()]);
            return '';
        }
        return $row['sess_lifetime'] < time() ? '' : $row['sess_data'];
    }

    public function write(string $id, string $data): bool
    {
        $this->run(
            'INSERT INTO bench_sessions VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE
                sess_data = VALUES(sess_data), sess_lifetime = VALUES(sess_lifetime), sess_time = VALUES(sess_time)',
            [$id, $data, $this->expires(), time()],
        );
        return true;
    }

    public function updateTimestamp(string $id, string $data): bool
    {
        $this->run(
            'UPDATE bench_sessions SET sess_lifetime = ?, sess_time = ? WHERE sess_id = ?',
            [$this->expires(), time(), $id],
        );
        return true;
    }

    public function validateId(string $id): bool
    {
        return $this->select($id) !== false;
    }

    public function destroy(string $id): bool
    {
        $this->run('DELETE FROM bench_sessions WHERE sess_id = ?', [$id]);
        return true;
    }

    public function close(): bool
    {
        if ($this->pdo->inTransaction()) {
            $this->pdo->commit();
        }
        return true;
    }

    public function gc(int $max_lifetime): int|false
    {
        return 0;
    }

    private function select(string $id): array|false
    {
        $sql = 'SELECT sess_data, sess_lifetime FROM bench_sessions WHERE sess_id = ? FOR UPDATE';
        $row = $this->run($sql, [$id])->fetchAll(PDO::FETCH_ASSOC);
        return $row[0] ?? false;
    }

    private function run(string $sql, array $values): PDOStatement
    {
        $statement = $this->pdo->prepare($sql);
        $statement->execute($values);
        return $statement;
    }

    private function expires(): int
    {
        return time() + (int) ini_get('session.gc_maxlifetime');
    }
}
