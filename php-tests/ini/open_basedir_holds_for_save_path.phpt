--TEST--
a script cannot leave open_basedir by session.save_path, in any of its forms
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.dsn=
open_basedir={PWD}/..:{TMP}
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$handler = new Rsso\SessionHandler();
foreach (['/usr', '1;/usr', '1;0600;/usr', 'sqlite:/usr/rsso-outside.db'] as $path) {
    echo thrown_by(fn() => $handler->open($path, 'name')), "\n";
}
var_dump($handler->open(sys_get_temp_dir(), 'name'));
?>
--EXPECTF--
Rsso\ConfigException: rsso: session.save_path: open_basedir does not allow %s
Rsso\ConfigException: rsso: session.save_path: open_basedir does not allow %s
Rsso\ConfigException: rsso: session.save_path: open_basedir does not allow %s
Rsso\ConfigException: rsso: session.save_path: open_basedir does not allow /usr/rsso-outside.db
bool(true)
