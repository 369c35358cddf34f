--TEST--
rsso.auto_claim_device: web, as the user agent says, or as an entry of $_SERVER says
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.auto_claim=user
rsso.max_logins=0
--FILE--
<?php
require __DIR__ . '/browsers.inc';

function device(string $setting, array $server): string
{
    ini_set('rsso.auto_claim_device', $setting);
    foreach (['HTTP_USER_AGENT', 'HTTP_X_DEVICE'] as $name) {
        unset($_SERVER[$name]);
    }
    $_SERVER = $server + $_SERVER;
    start(session_create_id());
    $_SESSION['user'] = 'ada';
    $id = session_id();
    session_write_close();
    start($id);
    $device = sso_current()->device;
    session_destroy();
    return $device;
}

$phone = ['HTTP_USER_AGENT' => 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148'];
$pc = ['HTTP_USER_AGENT' => 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0'];
foreach ([
    ['', $phone],
    ['user-agent', $phone],
    ['user-agent', $pc],
    ['user-agent', []],
    ['HTTP_X_DEVICE', ['HTTP_X_DEVICE' => 'tv']],
    ['HTTP_X_DEVICE', ['HTTP_X_DEVICE' => 'iOS']],
    ['HTTP_X_DEVICE', ['HTTP_X_DEVICE' => 'no device!']],
    ['HTTP_X_DEVICE', ['HTTP_X_DEVICE' => ['tv']]],
    ['HTTP_X_DEVICE', ['HTTP_X_DEVICE' => '']],
    ['HTTP_X_DEVICE', []],
] as [$setting, $server]) {
    echo device($setting, $server), "\n";
}

// A script that never names $_SERVER has none until it is asked for (auto_globals_jit).
$browser = new Browser(['rsso.auto_claim_device' => 'RSSO_TEST_DEVICE', 'variables_order' => 'EGPCS']);
putenv('RSSO_TEST_DEVICE=kiosk');
$browser->request('$_SESSION["user"] = "eve";');
var_dump(sso_logins('eve')[0]->device);
?>
--EXPECT--
web
mobile
web
web
tv
ios
web
web
web
web
string(5) "kiosk"
