--TEST--
rsso.login_details: a login keeps address and user agent, the network, or neither; the kicked are told the network at most
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

function from(string $ip, string $agent): string
{
    return '$_SERVER["REMOTE_ADDR"] = ' . var_export($ip, true) . '; $_SERVER["HTTP_USER_AGENT"] = ' . var_export($agent, true) . ';';
}

foreach (['full', 'masked', 'none'] as $details) {
    foreach (['192.0.2.77' => '198.51.100.7', '::ffff:192.0.2.77' => '2001:db8:1:2:3::4'] as $first => $second) {
        $uid = "$details $first";
        $old = new Browser(['rsso.login_details' => $details], from($first, 'Old/1'));
        $old->log_in($uid);
        $new = new Browser(['rsso.login_details' => $details], from($second, 'New/2'));
        $claimed = $new->log_in($uid);
        [$listed] = sso_logins($uid);
        echo "$details: ", json_encode([$claimed['ip'], $claimed['user_agent'], $listed->ip, $listed->user_agent, $new->request('return sso_current()->ip;')]), "\n";
        echo "  told: ", json_encode([$claimed['kicks'][0]['by_ip'], $old->request('return sso_kicked()->by_ip;')]), "\n";
    }
}
foreach ([['nonsense', ''], ['', str_repeat('é', 200)], [' 127.0.0.1', '']] as [$ip, $agent]) {
    $login = (new Browser([], from($ip, $agent)))->log_in('odd');
    echo json_encode([$login['ip'], is_string($login['user_agent']) ? strlen($login['user_agent']) : null]), "\n";
}

// The directives of rsso.auto_claim count as well.
$browser = new Browser(['rsso.auto_claim' => 'user', 'rsso.login_details' => 'masked'], from('203.0.113.9', 'Auto/3'));
$browser->request('$_SESSION["user"] = "auto";');
echo json_encode([sso_logins('auto')[0]->ip, sso_logins('auto')[0]->user_agent]), "\n";
?>
--EXPECT--
full: ["198.51.100.7","New\/2","198.51.100.7","New\/2","198.51.100.7"]
  told: ["198.51.100.0\/24","198.51.100.0\/24"]
full: ["2001:db8:1:2:3::4","New\/2","2001:db8:1:2:3::4","New\/2","2001:db8:1:2:3::4"]
  told: ["2001:db8:1::\/48","2001:db8:1::\/48"]
masked: ["198.51.100.0\/24","New\/2","198.51.100.0\/24","New\/2","198.51.100.0\/24"]
  told: ["198.51.100.0\/24","198.51.100.0\/24"]
masked: ["2001:db8:1::\/48","New\/2","2001:db8:1::\/48","New\/2","2001:db8:1::\/48"]
  told: ["2001:db8:1::\/48","2001:db8:1::\/48"]
none: [null,null,null,null,null]
  told: [null,null]
none: [null,null,null,null,null]
  told: [null,null]
[null,null]
[null,254]
[null,null]
["203.0.113.0\/24","Auto\/3"]
