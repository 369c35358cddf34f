--TEST--
rsso.auto_claim: the login follows the user in $_SESSION, without a line of code
--INI--
session.use_cookies=0
session.cache_limiter=
session.use_strict_mode=1
rsso.auto_claim=user
--FILE--
<?php
require __DIR__ . '/browsers.inc';

foreach (['native' => '', 'object' => 'session_set_save_handler(new Rsso\SessionHandler);'] as $way => $set) {
    echo "$way\n";
    [$first, $second] = [new Browser(before: $set), new Browser(before: $set)];
    $first->request('$_SESSION["n"] = 1;');
    echo 'nobody: ', count(sso_logins('ada')), "\n";

    $first->request('$_SESSION["user"] = "ada";');
    $login = sso_logins('ada')[0];
    echo "appears: $login->device ", json_encode([$login->label, $login->meta]), ' ', $first->request('return sso_current()->uid;'), "\n";

    $first->request('$_SESSION["n"]++;');
    $first->request('');
    $first->request('$_SESSION["n"]++; session_regenerate_id(true);');
    echo 'stays: ', json_encode(count(sso_logins('ada')) === 1 && same_login(sso_logins('ada')[0], $login)), "\n";

    $first->request('$_SESSION["user"] = 42;');
    echo 'changes: ', count(sso_logins('ada')), count(sso_logins(42)), "\n";

    $second->request('$_SESSION["user"] = "42";');
    echo 'is kicked: ', json_encode($first->request('return [$_SESSION, sso_kicked()->reason];')), "\n";

    $second->request('unset($_SESSION["user"]);');
    echo 'disappears: ', count(sso_logins(42)), ' ', json_encode($second->request('return [sso_current(), sso_kicked()];')), "\n";

    $second->request('$_SESSION["user"] = "ada";');
    $second->request('session_destroy();');
    echo 'logs out: ', count(sso_logins('ada')), "\n";
}
?>
--EXPECT--
native
nobody: 0
appears: web [null,[]] ada
stays: true
changes: 01
is kicked: [[],"replaced"]
disappears: 0 [null,null]
logs out: 0
object
nobody: 0
appears: web [null,[]] ada
stays: true
changes: 01
is kicked: [[],"replaced"]
disappears: 0 [null,null]
logs out: 0
