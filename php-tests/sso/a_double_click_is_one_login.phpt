--TEST--
a button that is clicked twice: the browser drops the first answer, and the second claim takes the first one's place
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
rsso.on_conflict=refuse
--FILE--
<?php
require __DIR__ . '/browsers.inc';

// PHP makes the ids where a class has no create_sid(): as Symfony's.
$class = 'final class NoIds implements SessionHandlerInterface, SessionUpdateTimestampHandlerInterface
{
    private SessionHandler $native;
    public function __construct() { $this->native = new SessionHandler; }
    public function open(string $path, string $name): bool { return $this->native->open($path, $name); }
    public function close(): bool { return $this->native->close(); }
    public function validateId(string $id): bool { return $this->native->read($id) !== ""; }
    public function read(string $id): string { return $this->native->read($id); }
    public function write(string $id, string $data): bool { return $this->native->write($id, $data); }
    public function updateTimestamp(string $id, string $data): bool { return $this->write($id, $data); }
    public function destroy(string $id): bool { return $this->native->destroy($id); }
    public function gc(int $lifetime): int|false { return 0; }
}';
$handlers = [
    'native' => '',
    'Rsso\SessionHandler' => 'session_set_save_handler(new Rsso\SessionHandler, false);',
    'a class without create_sid()' => "$class session_set_save_handler(new NoIds, false);",
];
$claim = 'sso_claim($argv[2]);';
$ways = [
    'claim' => $claim,
    'regenerate(true), claim' => "session_regenerate_id(true); $claim",
    'regenerate(), claim' => "session_regenerate_id(); $claim",
    'regenerate(), auto_claim' => 'ini_set("rsso.auto_claim", "user"); session_regenerate_id(); $_SESSION["user"] = $argv[2];',
];
$cookies = ['a form' => ['form' => 1], 'an id that has expired' => null];
$code = 'try { %s } catch (Rsso\LoginRefusedException $e) { return $e->reason; }';

foreach ($handlers as $handler => $before) {
    foreach ($ways as $way => $does) {
        foreach ($cookies as $cookie => $data) {
            $uid = "$handler, $way, $cookie";
            $browser = new Browser(str_contains($way, 'auto') ? ['rsso.auto_claim' => 'user'] : [], $before);
            $id = $data === null ? session_create_id() : stored_session($data);
            for ($click = 1; $click <= 3; $click++) {
                $browser->id = $id;
                $refused = $browser->request(sprintf($code, $does), $uid);
                if ($refused !== null || logins_of($uid) !== 'web') {
                    echo "$uid: click $click: ", $refused ?? 'let in', ', ', logins_of($uid), "\n";
                }
            }
            // Another browser is another one.
            $other = new Browser;
            $other->id = stored_session(['form' => 2]);
            if ($other->request(sprintf($code, $claim), $uid) !== 'limit') {
                echo "$uid: another browser was let in\n";
            }
        }
    }
}
echo "done\n";
?>
--EXPECT--
done
