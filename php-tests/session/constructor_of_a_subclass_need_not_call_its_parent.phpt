--TEST--
a subclass of Rsso\SessionHandler whose constructor calls no parent uses the directives
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

final class Forgetful extends Rsso\SessionHandler
{
    public function __construct(public string $name) {}
}

session_set_save_handler(new Forgetful('x'));
$id = start();
$_SESSION['n'] = 1;
session_write_close();
var_dump(stored($id));
?>
--EXPECT--
array(1) {
  ["n"]=>
  int(1)
}
