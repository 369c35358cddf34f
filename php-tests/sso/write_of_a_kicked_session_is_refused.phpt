--TEST--
a request that was under way when its login was kicked cannot store its session
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

foreach (['1', '0'] as $lock) {
    $first = new Browser(['rsso.lock' => $lock]);
    $first->log_in('ada');
    $slow = $first->slow_request('$pause(); $_SESSION["user"] = "mallory";');
    echo $slow->line(), "\n";
    (new Browser)->log_in('ada');
    $slow->go_on();
    echo trim(strstr($slow->rest(), "\n[", true)), "\n";
    var_dump($first->user());
}
?>
--EXPECTF--
paused
%AWarning: session_write_close(): rsso: the session's login was ended while this request was using it (sso_kicked() says why); its changes are not stored in %s on line %d
NULL
paused
%AWarning: session_write_close(): rsso: the session's login was ended while this request was using it (sso_kicked() says why); its changes are not stored in %s on line %d
NULL
