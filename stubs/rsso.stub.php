<?php

/**
 * What the extension `rsso` adds to PHP, for IDEs and static analysers. Nothing loads this file at run time.
 *
 * Beside these classes and functions it adds the save handler `session.save_handler=rsso` and the directives `rsso.*`;
 * both are described in docs/configuration.md and rsso.ini.
 *
 * @link https://www.php.net/manual/en/book.session.php
 */

namespace Rsso {
    /**
     * What every exception of rsso is. Itself it is thrown where none of the classes below fits.
     *
     * `getCode()` is one of the constants, or 0 where none fits: with `LockTimeoutException`, `LoginRefusedException` and
     * errors inside rsso. Their values never change.
     *
     * No message holds a password or a session id.
     */
    class RssoException extends \RuntimeException
    {
        /** Nothing answers at the store's address, or the connection broke. */
        public const UNREACHABLE = 1;

        /** The server turned rsso away: a wrong user or password, too many connections, still loading its data. */
        public const REFUSED = 2;

        /** The store did not answer, or another process kept it locked, for all of the time allowed. */
        public const TIMED_OUT = 3;

        /** The store has no room left: disk, quota or memory. */
        public const FULL = 4;

        /** The store accepts no writes: a replica, a read-only server, file system or file. */
        public const READ_ONLY = 5;

        /** The session is larger than the store accepts. */
        public const TOO_LARGE = 6;

        /** What is stored cannot be used: it is damaged, or files of the database are missing. */
        public const DAMAGED = 7;

        /** The account's rights, an ACL or the permissions of a file do not allow what rsso needs. */
        public const NOT_ALLOWED = 8;

        /** A setting must be changed: of rsso, or of the server. Every `ConfigException` has this code. */
        public const CONFIGURATION = 9;
    }

    /**
     * The store cannot be reached, refuses, or is damaged. The message names its address and what to look at; the code says
     * which kind of failure it was.
     *
     * Thrown while a session is opened, read or destroyed. A store that fails later, when PHP writes the session, is
     * an `E_WARNING`: nobody is left to catch an exception then.
     */
    class StoreException extends RssoException
    {
    }

    /**
     * Another request held the session's lock for all of `rsso.lock_wait`, or `rsso.lock_waiters` requests waited for it
     * already. The store itself is well, so the code is 0.
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
     * `sso_claim()` was turned away: the session is as it was before, but for its id, and has no new login.
     */
    class LoginRefusedException extends RssoException
    {
        /**
         * Why.
         *
         * - `limit`: `on_conflict` is `refuse`, and the user's logins leave no room.
         * - `storm`: the user's logins replace each other too often (`rsso.storm_limit`, for up to a minute; `rsso.storm_limit_hour`, for up to
         *   an hour).
         * - `ended`: the session of this request was destroyed or kicked meanwhile, or cannot be written.
         *
         * "" in an exception that rsso has not thrown.
         *
         * @var 'limit'|'storm'|'ended'|''
         */
        public readonly string $reason;

        /**
         * The live logins of the user, in the order of their claims; none with `ended`. `$expires_at` says until when each
         * holds its place if it is not used again.
         *
         * @var list<Login>
         */
        public readonly array $logins;
    }

    /**
     * A login: one user signed in on one device. It survives `session_regenerate_id()`, and lives as long as its session.
     *
     * Only rsso makes them. What it says was true when it was asked for; it cannot be serialized.
     */
    final class Login
    {
        /** A ULID: 26 characters. No secret. */
        public readonly string $id;

        /** The user, as `sso_claim()` was given it; an int as its decimal text. */
        public readonly string $uid;

        /** The device class. */
        public readonly string $device;

        /** What the application calls the place, for instance "Firefox on Linux". */
        public readonly ?string $label;

        /**
         * The application's own data. Objects in it have become arrays.
         *
         * @var array<mixed>
         */
        public readonly array $meta;

        /** When it was claimed, in seconds since 1970. */
        public readonly int $claimed_at;

        /**
         * When one of its sessions was used last, in seconds since 1970, to within a few seconds; of this request's login:
         * now. Null where it was claimed by an rsso that did not keep what that needs.
         */
        public readonly ?int $last_seen_at;

        /** When it ends by itself unless it is used again, in seconds since 1970. */
        public readonly ?int $expires_at;

        /**
         * The address that it was claimed from (`$_SERVER['REMOTE_ADDR']`); with `rsso.login_details=masked` its network, for
         * instance 192.0.2.0/24; null where there was none, or with `none`.
         */
        public readonly ?string $ip;

        /** How the browser that claimed it calls itself, 255 bytes of it: text from outside. Null as `$ip`. */
        public readonly ?string $user_agent;

        /** Whether it is the login of this request's session. */
        public readonly bool $current;

        /**
         * Which logins this claim has ended; empty but in what `sso_claim()` returns.
         *
         * @var list<Kick>
         */
        public readonly array $kicks;

        private function __construct()
        {
        }
    }

    /**
     * The end of a login that somebody else caused. Only rsso makes them; it cannot be serialized.
     */
    final class Kick
    {
        /** The id of the login that ended. */
        public readonly string $login;

        /** Its user. */
        public readonly string $uid;

        /** Its device class. */
        public readonly string $device;

        /** Its label. */
        public readonly ?string $label;

        /**
         * `replaced` by a newer login, `limit` or `storm` (turned away by `rsso.auto_claim`), or the reason that
         * `sso_kick()` was given.
         */
        public readonly string $reason;

        /**
         * -4: replaced or turned away; -5: by `sso_kick()`.
         *
         * @var -4|-5
         */
        public readonly int $code;

        /** When, in seconds since 1970. */
        public readonly int $at;

        /** The device class of the login that came in its place; null where none did. */
        public readonly ?string $by_device;

        /** The label of the login that came in its place. */
        public readonly ?string $by_label;

        /**
         * The network that it came from, for instance 192.0.2.0/24 or 2001:db8:1::/48: never the whole address, because the kicked
         * may be a thief. Null with `rsso.login_details=none`, and where none came.
         */
        public readonly ?string $by_ip;

        /** Whether a gateway has told the kicked by now; null where the claim did not wait for that, or there is no gateway. */
        public readonly ?bool $delivered;

        private function __construct()
        {
        }
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
         *     lock_waiters?: int|numeric-string,
         *     lock_failure?: 'error'|'readonly',
         *     hash_ids?: bool|int|string,
         *     store_empty?: bool|int|string,
         *     compress?: 'off'|'zstd'|'lz4',
         *     compress_min?: int|numeric-string,
         *     mysql_table?: string,
         *     mysql_columns?: string,
         *     realm?: string,
         *     uid_case?: 'exact'|'fold',
         *     max_logins?: int|numeric-string,
         *     max_logins_per_device?: int|numeric-string,
         *     max_logins_hard?: int|numeric-string,
         *     on_conflict?: 'kick'|'refuse',
         *     victim?: 'oldest'|'idle',
         *     storm_limit?: int|numeric-string,
         *     storm_limit_hour?: int|numeric-string,
         *     tombstone_ttl?: int|float|numeric-string,
         *     events_ttl?: int|float|numeric-string,
         *     auto_claim?: string,
         *     auto_claim_except?: string,
         *     auto_claim_unless?: string,
         *     auto_claim_device?: string,
         *     login_details?: 'full'|'masked'|'none',
         *     notify_other_logins?: bool|int|string,
         *     device_marks?: string,
         * } $options Directives without their `rsso.`. Times are in seconds, fractions allowed; `compress_min` is in bytes.
         *     Defaults: `connect_timeout` 2, `read_timeout` 2, `lock` true, `lock_wait` 30, `lock_ttl` 60, `lock_waiters` 0,
         *     `lock_failure` 'error', `hash_ids` true, `store_empty` true, `compress` 'off', `compress_min` 2048, `realm` 'default',
         *     `uid_case` 'exact', `max_logins` 1, `max_logins_per_device` 0, `max_logins_hard` 1000, `on_conflict` 'kick',
         *     `victim` 'oldest', `storm_limit` 10, `storm_limit_hour` 30, `tombstone_ttl` 86400, `events_ttl` 86400,
         *     `login_details` 'full', `notify_other_logins` false; `prefix` is `rsso:` on Redis, else `rsso_`; the others are ''.
         *     `rsso.password` of php.ini goes to no other server and user than those of php.ini's `rsso.dsn`: a `$dsn` that
         *     names others brings its password, in it or as `password` or `password_file`.
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

namespace {
    /**
     * Makes a login of the session: this browser is this user, on this kind of device, from now on.
     *
     * Where the user has more logins then than may live, older ones are kicked: their sessions are empty from their next
     * request on, and `sso_kicked()` tells them why. Or, with `on_conflict` `refuse`, this one is turned away.
     *
     * ```php
     * session_start();
     * // ... the password is right ...
     * $login = sso_claim($user->id, 'web', ['label' => 'Firefox on Linux']);
     * $_SESSION['user'] = $user->id;
     * ```
     *
     * The session's id changes first, as with `session_regenerate_id(true)`, against session fixation. It stays with
     * `rotate_id` false, and where headers were sent already: with a warning, unless `session.use_cookies` is 0.
     *
     * A session that has this login already keeps it: nothing happens, whatever the options say. A session that has
     * another one loses that: it ends with reason `reclaimed`.
     *
     * @param string|int $uid The application's user: 1 to 255 bytes, any bytes; an int counts as its decimal text. No other type
     *     is taken, whatever `strict_types` says: no `null` becomes a user.
     * @param string $device The class of the device: 1 to 32 characters of a-z, 0-9, '_' and '-'.
     * @param array{
     *     max_logins?: int|numeric-string,
     *     max_logins_per_device?: int|numeric-string,
     *     on_conflict?: 'kick'|'refuse',
     *     victim?: 'oldest'|'idle',
     *     label?: string|null,
     *     meta?: array<mixed>|null,
     *     rotate_id?: bool,
     *     await_delivery?: int,
     * } $options What is not given is as the directives of the same names say. `label`: what to call the place, UTF-8 text
     *     of at most 255 bytes; the user's other browsers may see it. `meta`: data of the application's own, of at most 4096
     *     bytes as JSON; `JsonSerializable` objects are asked. `rotate_id`: default true.
     *     `await_delivery`: milliseconds, 0 to 10000, default 0: how long to wait until a gateway (`rsso serve`) has told
     *     those whom this claim kicks; their `$delivered` says whether. Without a gateway it does not wait.
     *
     * @throws Rsso\LoginRefusedException where no login is free, or the session was ended meanwhile
     * @throws Rsso\StoreException
     * @throws Rsso\RssoException without a session that rsso keeps
     * @throws JsonException where `meta` cannot be JSON
     * @throws ValueError for an argument or option that cannot be used, and for an option that does not exist
     */
    function sso_claim(string|int $uid, string $device = "web", array $options = []): Rsso\Login
    {
        throw new \LogicException('stub');
    }

    /**
     * Signs the session out of its login; the session and its data stay.
     *
     * `session_destroy()` ends the login as well.
     *
     * @return bool False where the session has no login, or it has ended meanwhile.
     *
     * @throws Rsso\StoreException
     * @throws Rsso\RssoException without a session that rsso keeps
     */
    function sso_release(): bool
    {
        throw new \LogicException('stub');
    }

    /**
     * The login of this request's session, as the session was read; null where it has none. Costs no round trip.
     *
     * @throws Rsso\RssoException without a session that rsso keeps
     */
    function sso_current(): ?Rsso\Login
    {
        throw new \LogicException('stub');
    }

    /**
     * Why the session that this browser presented is gone; null where it was not kicked.
     *
     * A kicked browser's session is empty, and with `session.use_strict_mode` it has a new id: this tells the user what
     * happened, in all requests until the next login of this browser, for `rsso.tombstone_ttl` seconds after the kick.
     * It costs a round trip where the session has no login and is not new.
     *
     * @throws Rsso\StoreException
     * @throws Rsso\RssoException without a session that rsso keeps
     */
    function sso_kicked(): ?Rsso\Kick
    {
        throw new \LogicException('stub');
    }

    /**
     * The live logins of a user, in the order of their claims. Needs no session.
     *
     * @param string|int $uid As for `sso_claim()`.
     * @param string|null $device Those of this device class only.
     *
     * @return list<Rsso\Login>
     *
     * @throws Rsso\StoreException
     * @throws Rsso\ConfigException where the directives name no usable store
     * @throws ValueError for an argument that cannot be used
     */
    function sso_logins(string|int $uid, ?string $device = null): array
    {
        throw new \LogicException('stub');
    }

    /**
     * Ends logins of a user: all that every given condition fits. Needs no session.
     *
     * Their sessions are empty from their next request on, and `sso_kicked()` tells them why. A request of theirs that is
     * under way can finish, but not store its session.
     *
     * ```php
     * sso_kick($user->id, reason: 'password-changed', options: ['except_current' => true]);
     * ```
     *
     * @param string|int $uid As for `sso_claim()`.
     * @param string|null $device Those of this device class only.
     * @param string $reason For the kicked: UTF-8 text of 1 to 64 bytes.
     * @param array{
     *     login?: string,
     *     except_current?: bool,
     * } $options `login`: the one with this id only, `Rsso\Login::$id`. `except_current`: not the login of this request's
     *     session; default false.
     *
     * @return int How many were ended.
     *
     * @throws Rsso\StoreException
     * @throws Rsso\ConfigException where the directives name no usable store
     * @throws ValueError for an argument or option that cannot be used, and for an option that does not exist
     */
    function sso_kick(string|int $uid, ?string $device = null, string $reason = "kicked", array $options = []): int
    {
        throw new \LogicException('stub');
    }

    /**
     * Sends a message to every live login of a user. Needs no session. It goes to those that read the store's events; nothing
     * waits for them.
     *
     * @param string|int $uid As for `sso_claim()`.
     * @param mixed $payload Anything that `json_encode()` takes: at most 65536 bytes as JSON.
     * @param string|null $device To those of this device class only.
     *
     * @return int To how many logins.
     *
     * @throws Rsso\StoreException
     * @throws Rsso\ConfigException where the directives name no usable store
     * @throws JsonException where the payload cannot be JSON
     * @throws ValueError for an argument that cannot be used
     */
    function sso_notify(string|int $uid, mixed $payload, ?string $device = null): int
    {
        throw new \LogicException('stub');
    }

    /**
     * User and device in one word, `ios#abc001`, for systems that know logins by such names. Asks no store.
     *
     * @param string|int $uid As for `sso_claim()`.
     * @param string $device The device class; `rsso.device_marks` says what stands for it.
     *
     * @throws ValueError for an argument that cannot be used, and for a device whose own name is the mark of another
     */
    function sso_login_id(string|int $uid, string $device): string
    {
        throw new \LogicException('stub');
    }

    /**
     * What `sso_login_id()` was made of. Asks no store.
     *
     * @param string $login_id A device or its mark, '#', and the uid, which may hold '#' itself.
     *
     * @return array{uid: string, device: string}
     *
     * @throws ValueError for what is no login id
     */
    function sso_parse_login_id(string $login_id): array
    {
        throw new \LogicException('stub');
    }

    /**
     * The login ids of a user: one for each device of `rsso.device_marks`, in its order, whether there is a login or not, and
     * one for each other device on which there is a live login. Needs no session.
     *
     * @param string|int $uid As for `sso_claim()`.
     *
     * @return list<string>
     *
     * @throws Rsso\StoreException
     * @throws Rsso\ConfigException where the directives name no usable store
     * @throws ValueError for a uid that cannot be used
     */
    function sso_login_ids(string|int $uid): array
    {
        throw new \LogicException('stub');
    }
}
