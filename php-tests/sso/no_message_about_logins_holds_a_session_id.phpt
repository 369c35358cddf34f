--TEST--
neither logins and kicks nor exceptions and warnings about them hold a session id
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.on_conflict=refuse
rsso.max_logins=0
--FILE--
<?php
require __DIR__ . '/browsers.inc';

$said = '';
set_error_handler(function (int $level, string $message) use (&$said): bool { $said .= $message; return true; });
$browser = new Browser;
$browser->log_in('ada');
$ids = [$browser->id, start()];
sso_claim('ada', 'web', ['on_conflict' => 'kick', 'max_logins' => 1]);
$ids[] = session_id();
try {
    sso_claim('ada', 'ios', ['max_logins' => 1, 'rotate_id' => false]);
    $_SESSION['n'] = 1;
    (new Browser)->log_in('ada', options: ['on_conflict' => 'kick', 'max_logins' => 1]);
    session_write_close();
    start();
    sso_claim('ada', 'web', ['max_logins' => 1]);
} catch (Rsso\LoginRefusedException $refused) {
    $said .= $refused . print_r($refused->logins, true);
}
$ids[] = session_id();
$said .= print_r(sso_logins('ada'), true) . json_encode($browser->request('return sso_kicked();'));
var_dump(strlen($said) > 500, array_filter($ids, fn ($id) => str_contains($said, $id) || str_contains($said, hash('sha256', $id))));
?>
--EXPECT--
bool(true)
array(0) {
}
