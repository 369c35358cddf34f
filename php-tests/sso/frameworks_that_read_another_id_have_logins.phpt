--TEST--
what Symfony does under strict mode, a new id that is never read, can be claimed by itself and by rsso.auto_claim
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/browsers.inc';

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

session_set_save_handler(new Strict, false);
foreach (['rotate' => true, 'keep' => false] as $uid => $rotates) {
    start("expired$uid");
    $_SESSION['n'] = 1;
    sso_claim($uid, options: ['rotate_id' => $rotates]);
    $id = session_id();
    session_write_close();
    start($id);
    var_dump(session_id() === $id, sso_current()?->uid, $_SESSION, stored("expired$uid"));
    session_regenerate_id(true);
    $new = session_id();
    session_write_close();
    start($new);
    var_dump(session_id() === $new, sso_current()?->uid, $_SESSION, count(sso_logins($uid)));
    session_write_close();
}

// The same where PHP makes the ids: Symfony's own proxy has no create_sid().
final class NoIds implements SessionHandlerInterface, SessionUpdateTimestampHandlerInterface
{
    private Strict $strict;
    public function __construct() { $this->strict = new Strict; }
    public function open(string $path, string $name): bool { return $this->strict->open($path, $name); }
    public function close(): bool { return $this->strict->close(); }
    public function validateId(string $id): bool { return $this->strict->validateId($id); }
    public function read(string $id): string { return $this->strict->read($id); }
    public function write(string $id, string $data): bool { return $this->strict->write($id, $data); }
    public function updateTimestamp(string $id, string $data): bool { return $this->strict->write($id, $data); }
    public function destroy(string $id): bool { return $this->strict->destroy($id); }
    public function gc(int $lifetime): int|false { return 0; }
}

session_set_save_handler(new NoIds, false);
start('expirednoids');
$_SESSION['n'] = 1;
sso_claim('noids', options: ['rotate_id' => false]);
$id = session_id();
session_write_close();
start($id);
var_dump($id !== 'expirednoids', session_id() === $id, sso_current()?->uid, $_SESSION, stored('expirednoids'), count(sso_logins('noids')));
session_write_close();

// One that never asks for what it has just made, not even for the new id of a rotation.
final class Proud extends SessionHandler
{
    private string $made = '';
    public function create_sid(): string { return $this->made = parent::create_sid(); }
    public function read(string $id): string|false { return $this->made === $id ? '' : parent::read($id); }
}

ini_set('session.use_strict_mode', '0');
foreach ([true, false] as $delete) {
    session_set_save_handler(new Proud, false);
    start(session_create_id());
    $login = sso_claim('rotated');
    session_regenerate_id($delete);
    $_SESSION['n'] = 1;
    $new = session_id();
    session_write_close();
    session_set_save_handler(new SessionHandler, false);
    start($new);
    var_dump(sso_current()?->id === $login->id, $_SESSION, count(sso_logins('rotated')));
    session_write_close();
}

session_set_save_handler(new Strict, false);
ini_set('session.use_strict_mode', '1');
ini_set('rsso.auto_claim', 'user');
start('expiredauto');
$_SESSION = ['user' => 'auto'];
$id = session_id();
session_write_close();
start($id);
var_dump(session_id() === $id, sso_current()?->uid, $_SESSION, stored('expiredauto'), count(sso_logins('auto')));
?>
--EXPECT--
bool(true)
string(6) "rotate"
array(1) {
  ["n"]=>
  int(1)
}
array(0) {
}
bool(true)
string(6) "rotate"
array(1) {
  ["n"]=>
  int(1)
}
int(1)
bool(true)
string(4) "keep"
array(1) {
  ["n"]=>
  int(1)
}
array(0) {
}
bool(true)
string(4) "keep"
array(1) {
  ["n"]=>
  int(1)
}
int(1)
bool(true)
bool(true)
string(5) "noids"
array(1) {
  ["n"]=>
  int(1)
}
array(0) {
}
int(1)
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
int(1)
bool(true)
array(1) {
  ["n"]=>
  int(1)
}
int(1)
bool(true)
string(4) "auto"
array(1) {
  ["user"]=>
  string(4) "auto"
}
array(0) {
}
int(1)
