--TEST--
the id that strict mode gives a kicked browser inherits the kick, until somebody logs in under it
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/browsers.inc';

// What frameworks put around a handler that is a service (Symfony's SessionHandlerProxy): it validates and makes no ids.
const PROXY = 'final class Proxy implements SessionHandlerInterface, SessionUpdateTimestampHandlerInterface {
    public function __construct(private SessionHandlerInterface $inner) {}
    public function open(string $path, string $name): bool { return $this->inner->open($path, $name); }
    public function close(): bool { return $this->inner->close(); }
    public function read(string $id): string|false { return $this->inner->read($id); }
    public function write(string $id, string $data): bool { return $this->inner->write($id, $data); }
    public function destroy(string $id): bool { return $this->inner->destroy($id); }
    public function gc(int $lifetime): int|false { return $this->inner->gc($lifetime); }
    public function validateId(string $id): bool { return $this->inner->validateId($id); }
    public function updateTimestamp(string $id, string $data): bool { return $this->inner->updateTimestamp($id, $data); }
}';
// And around the native one (AbstractSessionHandler): the answer to validateId() is what was read, and the new id is never read.
const READER = 'final class Reader implements SessionHandlerInterface, SessionUpdateTimestampHandlerInterface {
    private ?string $asked = null;
    public function __construct(private SessionHandlerInterface $inner) {}
    public function open(string $path, string $name): bool { return $this->inner->open($path, $name); }
    public function close(): bool { return $this->inner->close(); }
    public function read(string $id): string|false { $asked = $this->asked; $this->asked = null; return $asked === null ? $this->inner->read($id) : $asked; }
    public function write(string $id, string $data): bool { return $this->inner->write($id, $data); }
    public function destroy(string $id): bool { return $this->inner->destroy($id); }
    public function gc(int $lifetime): int|false { return $this->inner->gc($lifetime); }
    public function validateId(string $id): bool { return ($this->asked = $this->inner->read($id)) !== ""; }
    public function updateTimestamp(string $id, string $data): bool { return $this->write($id, $data); }
}';
$handlers = [
    'module' => '',
    'object' => 'session_set_save_handler(new Rsso\SessionHandler, false);',
    'proxy' => PROXY . ' session_set_save_handler(new Proxy(new Rsso\SessionHandler), false);',
    'reader' => READER . ' session_set_save_handler(new Reader(new SessionHandler), false);',
    'native' => 'session_set_save_handler(new SessionHandler, false);',
];
foreach ($handlers as $name => $before) {
    $first = new Browser(['session.use_strict_mode' => '1', 'rsso.store_empty' => '0'], $before);
    $first->log_in($name);
    $ids = [$first->id];
    (new Browser)->log_in($name);
    // Requests that do not ask: what they store, and whether they store at all, makes no difference.
    $first->request($name === 'reader' ? '$_SESSION["n"] = 1;' : 'return null;');
    $ids[] = $first->id;
    $first->request('$_SESSION["csrf"] = "token";');
    $ids[] = $first->id;
    $told = $first->request('return [sso_kicked()?->reason, $_SESSION];');
    echo $name, ': ', count(array_unique($ids)), ' ids, ', json_encode($told), "\n";
    if (!str_contains($before, 'validateId')) {
        // An id that the application changes, where the request has asked.
        $first->request('sso_kicked(); session_regenerate_id();');
        var_dump($first->request('return sso_kicked()?->reason;'));
    }
    $first->log_in("$name-again");
    var_dump($first->request('return sso_kicked()?->reason;'));
}

echo "a page that only looks: ";
$first = new Browser(['rsso.store_empty' => '0']);
$first->log_in('looks');
(new Browser)->log_in('looks');
$first->request('session_abort(); session_start(["read_and_close" => true]);');
var_dump($first->request('return sso_kicked()?->reason;'));

echo "the tombstone's time begins at the kick, and not anew with each id: ";
$first = new Browser(['rsso.tombstone_ttl' => '3']);
$first->log_in('short');
(new Browser(['rsso.tombstone_ttl' => '3']))->log_in('short');
$end = microtime(true) + 5;
$first->request('return null;');
do {
    $reason = $first->request('return sso_kicked()?->reason;');
} while ($reason !== null && microtime(true) < $end + 60);
var_dump($reason);
?>
--EXPECT--
module: 3 ids, ["replaced",{"csrf":"token"}]
string(8) "replaced"
NULL
object: 3 ids, ["replaced",{"csrf":"token"}]
string(8) "replaced"
NULL
proxy: 3 ids, ["replaced",{"csrf":"token"}]
NULL
reader: 2 ids, ["replaced",{"n":1,"csrf":"token"}]
NULL
native: 1 ids, ["replaced",{"csrf":"token"}]
string(8) "replaced"
NULL
a page that only looks: string(8) "replaced"
the tombstone's time begins at the kick, and not anew with each id: NULL
