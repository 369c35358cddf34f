--TEST--
a user's class that extends Rsso\SessionHandler works
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

final class Compressing extends Rsso\SessionHandler
{
    public function __construct() { parent::__construct(ini_get('rsso.dsn'), ['prefix' => 'gz_']); }
    public function create_sid(): string { return 'gz-' . parent::create_sid(); }
    public function read(string $id): string { $data = parent::read($id); return $data === '' ? '' : gzuncompress($data); }
    public function write(string $id, string $data): bool { return parent::write($id, gzcompress($data)); }
}

session_set_save_handler(new Compressing);
$id = start();
$_SESSION['text'] = str_repeat('ha', 1000);
session_write_close();
var_dump(str_starts_with($id, 'gz-'));

$_SESSION = [];
var_dump(start($id) === $id, strlen($_SESSION['text']));
$_SESSION['n'] = 2;
session_write_close();
$raw = (new Rsso\SessionHandler(options: ['prefix' => 'gz_', 'lock' => false]))->read($id);
var_dump(strlen($raw) < 200, strlen(gzuncompress($raw)) > 2000);
?>
--EXPECT--
bool(true)
bool(true)
int(2000)
bool(true)
bool(true)
