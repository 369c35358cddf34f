--TEST--
code of the application that runs inside sso_claim() and sso_notify() may throw, use logins, end the session, and exit
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

final class Json implements JsonSerializable
{
    public function __construct(private Closure $act) {}
    public function jsonSerialize(): mixed { return ($this->act)(); }
}
$meta = fn (Closure $act, string $uid = 'ada') => sso_claim($uid, options: ['meta' => [new Json($act)]]);

start();
echo thrown_by(fn () => $meta(fn () => throw new DomainException('no JSON'))), "\n";
var_dump(sso_current());

// A claim inside a claim: the outer one comes last.
$login = $meta(fn () => sso_claim('bob')->uid);
var_dump($login->uid, $login->meta, sso_logins('bob'));
sso_release();

// The session ends on the way.
echo thrown_by(fn () => $meta(fn () => session_write_close())), "\n";
start();
$login = $meta(fn () => session_destroy() && session_start() ? 'another session' : '');
var_dump($login->meta, sso_current()->uid);
sso_release();

// What the options hold is read when the user code is through.
$label = 'before';
$options = ['label' => &$label];
$options['meta'] = [new Json(function () use (&$label) { return $label = 'after'; })];
var_dump(sso_claim('ada', options: $options)->label);
$options['meta'] = [new Json(function () use (&$label) { return $label = 5; })];
echo thrown_by(fn () => sso_claim('carol', options: $options)), "\n";
var_dump(sso_current()->uid);

$said = 0;
var_dump(sso_notify('ada', new Json(function () use (&$said) { return $said = sso_notify('ada', 'first'); })), $said);
echo thrown_by(fn () => sso_notify('ada', new Json(fn () => throw new DomainException('no JSON')))), "\n";

// Methods of a handler, below session_regenerate_id().
final class Mine extends SessionHandler
{
    public ?Closure $act = null;
    public function destroy(string $id): bool { return $this->act ? ($this->act)() : parent::destroy($id); }
}
session_write_close();
session_set_save_handler($handler = new Mine, false);
start(session_create_id());
$handler->act = fn () => throw new DomainException('not destroyed');
echo thrown_by(fn () => sso_claim('ada')), "\n";
$handler->act = fn () => false;
start(session_create_id());
show(fn () => sso_claim('ada'));
$handler->act = null;
var_dump(count(sso_logins('ada')));

// exit() and a fatal error leave nothing behind.
foreach (['exit("exited\n")', 'error_reporting(E_ALL & ~E_DEPRECATED); trigger_error("the end", E_USER_ERROR)'] as $act) {
    echo strtok(trim(another_php('session_start(); final class Json implements JsonSerializable {
        public function jsonSerialize(): mixed { ' . $act . '; } }
        sso_claim("ada", options: ["meta" => [new Json]]); echo "not reached";')), "\n"), "\n";
}
?>
--EXPECTF--
DomainException: no JSON
NULL
string(3) "ada"
array(1) {
  [0]=>
  string(3) "bob"
}
array(0) {
}
Rsso\RssoException: sso_claim() needs an active session of rsso: this request has closed its own (read_and_close, session_write_close(), session_abort() or session_destroy()): call session_start() again, without read_and_close
array(1) {
  [0]=>
  string(15) "another session"
}
string(3) "ada"
string(5) "after"
ValueError: sso_claim(): Argument #3 ($options) option 'label' must be UTF-8 text of at most 255 bytes
string(3) "ada"
int(1)
int(1)
DomainException: no JSON
DomainException: not destroyed
warning: %s
Rsso\RssoException: sso_claim() could not change the session's id, as PHP's warning says; nobody was logged in
int(1)
exited
%SFatal error: the end in %s
