--TEST--
without a session of rsso the functions about it throw, and say what to do
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$acts = [fn () => sso_claim('ada'), sso_release(...), sso_current(...), sso_kicked(...)];
foreach ($acts as $act) {
    echo thrown_by($act), "\n";
}
start();
session_write_close();
echo thrown_by($acts[0]), "\n";
start();
session_destroy();
echo thrown_by($acts[2]), "\n";
session_start(['read_and_close' => true]);
echo thrown_by($acts[2]), "\n";

// A session of another handler is none of rsso.
session_module_name('files');
session_save_path(new_directory());
session_start();
foreach ($acts as $act) {
    echo thrown_by($act), "\n";
}
var_dump(sso_logins('ada'));
?>
--EXPECT--
Rsso\RssoException: sso_claim() needs an active session of rsso: call session_start() with session.save_handler=rsso first
Rsso\RssoException: sso_release() needs an active session of rsso: call session_start() with session.save_handler=rsso first
Rsso\RssoException: sso_current() needs an active session of rsso: call session_start() with session.save_handler=rsso first
Rsso\RssoException: sso_kicked() needs an active session of rsso: call session_start() with session.save_handler=rsso first
Rsso\RssoException: sso_claim() needs an active session of rsso: this request has closed its own (read_and_close, session_write_close(), session_abort() or session_destroy()): call session_start() again, without read_and_close
Rsso\RssoException: sso_current() needs an active session of rsso: this request has closed its own (read_and_close, session_write_close(), session_abort() or session_destroy()): call session_start() again, without read_and_close
Rsso\RssoException: sso_current() needs an active session of rsso: this request has closed its own (read_and_close, session_write_close(), session_abort() or session_destroy()): call session_start() again, without read_and_close
Rsso\RssoException: sso_claim() needs an active session of rsso: call session_start() with session.save_handler=rsso first
Rsso\RssoException: sso_release() needs an active session of rsso: call session_start() with session.save_handler=rsso first
Rsso\RssoException: sso_current() needs an active session of rsso: call session_start() with session.save_handler=rsso first
Rsso\RssoException: sso_kicked() needs an active session of rsso: call session_start() with session.save_handler=rsso first
array(0) {
}
