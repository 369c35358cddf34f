--TEST--
a class that extends PHP's SessionHandler works
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

final class Mine extends SessionHandler
{
    public array $calls = [];
    public function read(string $id): string|false { $this->calls[] = __FUNCTION__; return parent::read($id); }
    public function write(string $id, string $data): bool { $this->calls[] = __FUNCTION__; return parent::write($id, $data); }
    public function destroy(string $id): bool { $this->calls[] = __FUNCTION__; return parent::destroy($id); }
}

session_set_save_handler($mine = new Mine);
$id = start();
$_SESSION['n'] = 1;
session_write_close();
var_dump(stored($id));

start($id);
var_dump($_SESSION['n'], lock_is_free($id));
$_SESSION['n'] = 2;
session_write_close();
var_dump(lock_is_free($id));

start($id);
var_dump($_SESSION['n']);
session_destroy();
var_dump(stored($id), implode(' ', $mine->calls));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
int(1)
bool(false)
bool(true)
int(2)
array(0) {
}
string(34) "read write read write read destroy"
