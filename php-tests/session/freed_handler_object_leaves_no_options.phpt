--TEST--
an object never inherits the options of a freed Rsso\SessionHandler
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$handler = new Rsso\SessionHandler('sqlite:' . new_directory() . '/x.sqlite', ['prefix' => 'p_']);
$id = $handler->create_sid();
$handler->write($id, 'n|i:1;');
unset($handler);

final class Bare extends Rsso\SessionHandler { public function __construct() {} }
var_dump((new Bare)->read($id));
?>
--EXPECT--
string(0) ""
