--TEST--
rsso.auto_claim: the first of its paths that leads to text or a whole number counts, and * stands for any characters
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

final class Account { public string $name = 'object'; }
function user_of(string $paths, array $data): string
{
    ini_set('rsso.auto_claim', $paths);
    start(session_create_id());
    $_SESSION = $data;
    $id = session_id();
    session_write_close();
    ini_set('rsso.auto_claim', '');
    start($id);
    $uid = sso_current()?->uid ?? '-';
    session_destroy();
    return $uid;
}

$wiki = ['DWaa' => ['other' => 1], 'DWbb' => ['auth' => ['user' => 'ada', 'pass' => 'x']]];
$reference = 'by reference';
$list = ['name' => &$reference];
foreach ([
    ['user', ['user' => 'ada']],
    ['user', ['user' => 7]],
    ['user', ['user' => '0']],
    ['user', ['user' => -1]],
    ['user', ['user' => '']],
    ['user', ['user' => null]],
    ['user', ['user' => 1.5]],
    ['user', ['user' => true]],
    ['user', ['user' => ['ada']]],
    ['user', ['user' => new Account]],
    ['user.name', ['user' => new Account]],
    ['user.name', ['user' => 'ada']],
    ['a.b.c', ['a' => ['b' => ['c' => 'deep']]]],
    ['user, account.name', ['user' => '', 'account' => ['name' => 'second path']]],
    ['user, account.name', ['user' => 'first path', 'account' => ['name' => 'second path']]],
    ['DW*.auth.user', $wiki],
    ['*.auth.user', $wiki],
    ['*.*.user', $wiki],
    ['dw*.auth.user', $wiki],
    ['DW*b.auth.us*r', $wiki],
    ['users.3.name', ['users' => [3 => ['name' => 'whole number as a key']]]],
    ['users.*.name', ['users' => [3 => ['name' => 'any number as a key']]]],
    ['users.1*.name', ['users' => [3 => ['name' => 'three'], 12 => ['name' => 'twelve']]]],
    ['user.name', ['user' => &$list]],
    ['*', ["\xff" => 'any bytes as a key']],
    ['user', ['user' => str_repeat('x', 255)]],
] as [$paths, $data]) {
    echo $paths, ': ', substr(user_of($paths, $data), 0, 30), "\n";
}
?>
--EXPECT--
user: ada
user: 7
user: 0
user: -1
user: -
user: -
user: -
user: -
user: -
user: -
user.name: -
user.name: -
a.b.c: deep
user, account.name: second path
user, account.name: first path
DW*.auth.user: ada
*.auth.user: ada
*.*.user: ada
dw*.auth.user: -
DW*b.auth.us*r: ada
users.3.name: whole number as a key
users.*.name: any number as a key
users.1*.name: twelve
user.name: by reference
*: any bytes as a key
user: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
