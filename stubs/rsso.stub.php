<?php

/**
 * What the extension `rsso` adds to PHP, for IDEs and static analysers. Nothing loads this file at run time.
 *
 * Beside these classes it adds the save handler `session.save_handler=rsso` and the directives `rsso.*`; both are
 * described in README.md and rsso.ini.
 *
 * @link https://www.php.net/manual/en/book.session.php
 */

namespace Rsso {
    /**
     * What every exception of rsso is. Itself it is thrown where none of the classes below fits.
     *
     * No message holds a password or a session id.
     */
    class RssoException extends \RuntimeException
    {
    }

    /**
     * The store cannot be reached, refuses, or is damaged. The message names its address and what to look at.
     *
     * Thrown while a session is opened, read or destroyed. A store that fails later, when PHP writes the session, is
     * an `E_WARNING`: nobody is left to catch an exception then.
     */
    class StoreException extends RssoException
    {
    }

    /**
     * Another request held the session's lock for all of `rsso.lock_wait`.
     *
     * Not thrown with `rsso.lock_failure=readonly`.
     */
    class LockTimeoutException extends RssoException
    {
    }

    /**
     * A DSN, directive or option that cannot be used. The message names it and what is accepted.
     */
    class ConfigException extends RssoException
    {
    }

    /**
     * The save handler as an object, with a store and options of its own.
     *
     * ```php
     * session_set_save_handler(new Rsso\SessionHandler('redis://127.0.0.1:6379/2', ['prefix' => 'shop:']));
     * session_start();
     * ```
     *
     * `session.save_handler=rsso` needs no object. The methods are for PHP to call, and for classes that extend this one.
     * A lock that a call took is given back by `write()`, `destroy()`, `close()`, and with the object.
     *
     * @link https://www.php.net/manual/en/function.session-set-save-handler.php
     */
    class SessionHandler implements \SessionHandlerInterface, \SessionIdInterface, \SessionUpdateTimestampHandlerInterface
    {
        /**
         * Connects to nothing. What is not given is as the directives say at this moment.
         *
         * @param string $dsn As `rsso.dsn`; "" is what that directive says.
         * @param array{
         *     password?: string,
         *     password_file?: string,
         *     prefix?: string,
         *     connect_timeout?: int|float|numeric-string,
         *     read_timeout?: int|float|numeric-string,
         *     lock?: bool|int|string,
         *     lock_wait?: int|float|numeric-string,
         *     lock_ttl?: int|float|numeric-string,
         *     lock_failure?: 'error'|'readonly',
         *     hash_ids?: bool|int|string,
         *     mysql_table?: string,
         *     mysql_columns?: string,
         * } $options Directives without their `rsso.`. Times are in seconds, fractions allowed. Defaults: `prefix`
         *     `rsso:` (on SQLite `rsso_`), `connect_timeout` 2, `read_timeout` 2, `lock` true, `lock_wait` 30, `lock_ttl`
         *     60, `lock_failure` 'error', `hash_ids` true, `mysql_table` and `mysql_columns` ''.
         *
         * @throws ConfigException for a DSN, option or value that cannot be used
         */
        public function __construct(string $dsn = "", array $options = [])
        {
            throw new \LogicException('stub');
        }

        /**
         * Settles which store is used; connects to nothing.
         *
         * @param string $path `session.save_path`: used where neither the object nor `rsso.dsn` says a DSN.
         * @param string $name `session.name`; does not matter here.
         *
         * @throws ConfigException for a DSN or directory that cannot be used
         *
         * @link https://www.php.net/manual/en/sessionhandlerinterface.open.php
         */
        public function open(string $path, string $name): bool
        {
            throw new \LogicException('stub');
        }

        /**
         * Gives back the lock, where `write()` or `destroy()` did not.
         *
         * @link https://www.php.net/manual/en/sessionhandlerinterface.close.php
         */
        public function close(): bool
        {
            throw new \LogicException('stub');
        }

        /**
         * Takes the session's lock, waiting for it up to `rsso.lock_wait` seconds, and reads.
         *
         * @param string $id 1 to 256 characters of a-z, A-Z, 0-9, ',' and '-'.
         *
         * @return string|false PHP's serialized session; "" for one that does not exist; false, with a warning, for a
         *     malformed id.
         *
         * @throws LockTimeoutException
         * @throws StoreException
         *
         * @link https://www.php.net/manual/en/sessionhandlerinterface.read.php
         */
        public function read(string $id): string|false
        {
            throw new \LogicException('stub');
        }

        /**
         * Stores the session for `session.gc_maxlifetime` seconds, and gives its lock back.
         *
         * @param string $id As for `read()`.
         * @param string $data PHP's serialized session.
         *
         * @return bool False, with a warning that says why, where it is not stored: the store fails, the lock was lost, or
         *     the session was destroyed meanwhile.
         *
         * @link https://www.php.net/manual/en/sessionhandlerinterface.write.php
         */
        public function write(string $id, string $data): bool
        {
            throw new \LogicException('stub');
        }

        /**
         * Ends the session, whoever holds its lock. Succeeds where there is none.
         *
         * @param string $id As for `read()`.
         *
         * @throws StoreException
         *
         * @link https://www.php.net/manual/en/sessionhandlerinterface.destroy.php
         */
        public function destroy(string $id): bool
        {
            throw new \LogicException('stub');
        }

        /**
         * Removes expired sessions, in small batches. On Redis there is nothing to do: it removes them itself.
         *
         * @param int $max_lifetime Does not matter: each session's lifetime was settled when it was written.
         *
         * @return int|false How many were removed; false where the store fails, which is an exception, too.
         *
         * @throws StoreException
         *
         * @link https://www.php.net/manual/en/sessionhandlerinterface.gc.php
         */
        public function gc(int $max_lifetime): int|false
        {
            throw new \LogicException('stub');
        }

        /**
         * A new id, made as PHP makes it (`session.sid_length`, `session.sid_bits_per_character`).
         *
         * @link https://www.php.net/manual/en/sessionidinterface.create-sid.php
         */
        public function create_sid(): string
        {
            throw new \LogicException('stub');
        }

        /**
         * Whether the id names a stored session. Takes the lock of one that does, for the `read()` that follows.
         *
         * @param string $id Any string; a malformed one names no session.
         *
         * @throws LockTimeoutException
         * @throws StoreException
         *
         * @link https://www.php.net/manual/en/sessionupdatetimestamphandlerinterface.validateid.php
         */
        public function validateId(string $id): bool
        {
            throw new \LogicException('stub');
        }

        /**
         * Gives an unchanged session its full lifetime again, and its lock back.
         *
         * @param string $id As for `read()`.
         * @param string $data Does not matter: what is stored stays.
         *
         * @return bool False, with a warning that says why, where the store fails.
         *
         * @link https://www.php.net/manual/en/sessionupdatetimestamphandlerinterface.updatetimestamp.php
         */
        public function updateTimestamp(string $id, string $data): bool
        {
            throw new \LogicException('stub');
        }
    }
}
