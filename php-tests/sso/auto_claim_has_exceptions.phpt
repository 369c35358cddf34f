--TEST--
rsso.auto_claim_except names users who are nobody, and rsso.auto_claim_unless suspends the claim while something is set
--INI--
session.use_cookies=0
session.cache_limiter=
rsso.auto_claim="user, account.id"
rsso.auto_claim_except=" guest, anonymous ,anon."
--FILE--
<?php
require __DIR__ . '/browsers.inc';

function is_in(array $data, ?string $id = null): string
{
    start($id ?? session_create_id());
    $_SESSION = $data;
    $id = session_id();
    session_write_close();
    ini_set('rsso.auto_claim', '');
    start($id);
    $uid = sso_current()?->uid ?? '-';
    session_abort();
    ini_set('rsso.auto_claim', 'user, account.id');
    return $uid;
}

echo is_in(['user' => 'guest']), ' ', is_in(['user' => 'anonymous']), ' ', is_in(['user' => 'anon.']), ' ', is_in(['user' => 'Guest']), "\n";
echo is_in(['user' => 'guest', 'account' => ['id' => 'second']]), "\n";

ini_set('rsso.uid_case', 'fold');
echo is_in(['user' => 'Guest']), ' ', is_in(['user' => 'GUEST', 'account' => ['id' => 'Second']]), "\n";
ini_set('rsso.uid_case', 'exact');

echo "who becomes nobody is signed out:\n";
$id = stored_session(['user' => 'ada']);
echo is_in(['user' => 'ada'], $id), ' ', is_in(['user' => 'guest'], $id), ' ', count(sso_logins('ada')), "\n";

echo "impersonation:\n";
ini_set('rsso.auto_claim_unless', 'impersonator_id, REALUSER, admin.*.as');
$other = stored_session(['user' => 'bob']);
$admin = stored_session(['user' => 'root']);
foreach ([
    ['user' => 'bob', 'impersonator_id' => 'root'],
    ['user' => 'bob', 'impersonator_id' => 1],
    ['user' => 'bob', 'impersonator_id' => true],
    ['user' => 'bob', 'impersonator_id' => ['root']],
    ['user' => 'bob', 'REALUSER' => (object) ['id' => 1]],
    ['user' => 'bob', 'admin' => [7 => ['as' => 'bob']]],
    ['impersonator_id' => 'root'],
] as $data) {
    echo is_in($data, $admin), ' ', logins_of('bob') === '' ? 'bob was kicked' : 'bob is logged in', "\n";
}
echo "what is not set suspends nothing:\n";
foreach ([null, false, 0, '', '0', []] as $value) {
    echo is_in(['user' => 'carol', 'impersonator_id' => $value]), "\n";
}
echo is_in(['user' => 'root'], $admin), ' ', logins_of('bob') === '' ? 'bob was kicked' : 'bob is logged in', "\n";
?>
--EXPECT--
- - - Guest
second
- second
who becomes nobody is signed out:
ada - 0
impersonation:
root bob is logged in
root bob is logged in
root bob is logged in
root bob is logged in
root bob is logged in
root bob is logged in
root bob is logged in
what is not set suspends nothing:
carol
carol
carol
carol
carol
carol
root bob is logged in
