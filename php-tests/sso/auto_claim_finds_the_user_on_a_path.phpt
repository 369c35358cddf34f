--TEST--
rsso.auto_claim: the first of its paths that leads to text or a whole number other than zero counts, through arrays and public properties
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/browsers.inc';

class Person {
    public static string $kind = 'static';
    protected string $hidden = 'protected';
    private string $secret = 'private';
    public ?Person $of = null;
    public int $unset;
    public function __construct(public readonly int|string $id = 'object') { if ($id === 'unset') { unset($this->unset); } }
    public function __get(string $name): mixed { echo "code of PHP's ran\n"; return 'got'; }
    public function __toString(): string { echo "code of PHP's ran\n"; return 'text'; }
}
final class Account extends Person { public string $name = 'account'; }
final class Keeper extends ArrayObject { public string $name = 'keeper'; }
function plain(array $properties): stdClass { return (object) $properties; }
function in(Person $person): Person { $outer = new Person('outer'); $outer->of = $person; return $outer; }
function listed(object $object): object { (array) $object; get_object_vars($object); return $object; }
function gone(): object { return unserialize('O:9:"NoSuchOne":2:{s:2:"id";i:5;s:5:"' . "\0*\0no" . '";i:6;}'); }

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
    ['user', ['user' => 0]],
    ['user', ['user' => false]],
    ['user', ['user' => '00']],
    ['user', ['user' => -1]],
    ['user, account', ['user' => 0, 'account' => 'second path']],
    ['user, account', ['user' => '0', 'account' => 'second path']],
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
    ['USER.id', ['USER' => plain(['id' => 7])]],
    ['USER.id', ['USER' => plain(['id' => 0])]],
    ['USER.7', ['USER' => plain(['7' => 'number'])]],
    ['USER.i*', ['USER' => plain(['name' => 'x', 'id' => 'any'])]],
    ['USER.id', ['USER' => new Person]],
    ['USER.id', ['USER' => new Account(5)]],
    ['USER.id', ['USER' => listed(new Account(6))]],
    ['USER.of.id', ['USER' => in(new Person('inner'))]],
    ['*.*.id', ['USER' => in(new Person('any inner'))]],
    ['USER.nam*', ['USER' => listed(new Account)]],
    ['USER.name', ['USER' => new Keeper(['name' => 'not this'])]],
    ['USER.i*', ['USER' => gone()]],
    ['USER.id', ['USER' => gone()]],
    ['USER.no', ['USER' => gone()]],
    ['USER.kind', ['USER' => new Person]],
    ['USER.hidden', ['USER' => new Person]],
    ['USER.secret', ['USER' => listed(new Person)]],
    ['USER.unset', ['USER' => new Person]],
    ['USER.unset', ['USER' => new Person('unset')]],
    ['USER.none', ['USER' => new Account]],
    ['USER', ['USER' => new Account]],
] as [$paths, $data]) {
    echo $paths, ': ', substr(user_of($paths, $data), 0, 30), "\n";
}
?>
--EXPECT--
user: ada
user: 7
user: -
user: -
user: -
user: 00
user: -1
user, account: second path
user, account: second path
user: -
user: -
user: -
user: -
user: -
user: -
user.name: account
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
USER.id: 7
USER.id: -
USER.7: number
USER.i*: any
USER.id: object
USER.id: 5
USER.id: 6
USER.of.id: inner
*.*.id: any inner
USER.nam*: account
USER.name: keeper
USER.i*: 5
USER.id: 5
USER.no: -
USER.kind: -
USER.hidden: -
USER.secret: -
USER.unset: -
USER.unset: -
USER.none: -
USER: -
