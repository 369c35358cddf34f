--TEST--
what Symfony writes under strict mode is kept: an id of this request that was never read
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

// As its AbstractSessionHandler with a StrictSessionHandler around the native one: validateId() reads.
final class Strict implements SessionHandlerInterface, SessionIdInterface, SessionUpdateTimestampHandlerInterface
{
    private string $known = '';
    private SessionHandler $native;
    public function __construct() { $this->native = new SessionHandler; }
    public function open(string $path, string $name): bool { return $this->native->open($path, $name); }
    public function close(): bool { return $this->native->close(); }
    public function create_sid(): string { return $this->native->create_sid(); }
    public function validateId(string $id): bool { $this->known = $id; return $this->native->read($id) !== ''; }
    public function read(string $id): string { return $this->known === $id ? $this->native->read($id) : ''; }
    public function write(string $id, string $data): bool { return $this->native->write($id, $data); }
    public function updateTimestamp(string $id, string $data): bool { return $this->write($id, $data); }
    public function destroy(string $id): bool { return $this->native->destroy($id); }
    public function gc(int $lifetime): int|false { return $this->native->gc($lifetime); }
}

session_set_save_handler(new Strict);
$presented = 'expired0123456789abcdef';
$id = start($presented);
$_SESSION['n'] = 1;
var_dump($id !== $presented, session_write_close());
var_dump(stored($id), lock_is_free($id), lock_is_free($presented));

$_SESSION = [];
var_dump(start($id) === $id, $_SESSION);
$_SESSION['n'] = 2;
session_write_close();
var_dump(stored($id), lock_is_free($id));
?>
--EXPECT--
bool(true)
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
bool(true)
bool(true)
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
array(1) {
  ["n"]=>
  int(2)
}
bool(true)
