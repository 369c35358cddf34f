--TEST--
a value of every PHP type comes back as it was
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

enum Suit: string { case Hearts = 'h'; case Spades = 's'; }
final class Point { public function __construct(public readonly int $x, private ?Point $next = null) {} }
final class Custom
{
    public array $kept = [];
    public function __serialize(): array { return ['kept' => "a\0b"]; }
    public function __unserialize(array $data): void { $this->kept = $data; }
}

$shared = new stdClass;
$shared->self = $shared;
$values = [
    'null' => null, 'true' => true, 'false' => false,
    'zero' => 0, 'int min' => PHP_INT_MIN, 'int max' => PHP_INT_MAX,
    'float' => 0.1, 'infinite' => INF, 'minus zero' => -0.0, 'tiny' => PHP_FLOAT_MIN,
    'empty' => '', 'text' => 'žluťoučký 猫', 'quotes' => "'\"|;!{}",
    'every byte' => implode(array_map('chr', range(0, 255))),
    'list' => [1, [2, [3, []]]], 'map' => ['a' => 1, '' => 2, 7 => 3, -1 => 4],
    'enum' => Suit::Spades, 'object' => new Point(1, new Point(2)), 'custom' => new Custom,
    'date' => new DateTimeImmutable('2026-01-02 03:04:05.678901', new DateTimeZone('Asia/Tokyo')),
    'circle' => $shared,
];

foreach (['php', 'php_binary', 'php_serialize'] as $serializer) {
    ini_set('session.serialize_handler', $serializer);
    $id = stored_session($values);
    start($id);
    $different = array_filter(array_keys($values), fn ($name) => serialize($_SESSION[$name]) !== serialize($values[$name]));
    var_dump($different, is_nan(-INF + INF), $_SESSION['circle']->self === $_SESSION['circle'], count($_SESSION));
    session_destroy();
}
?>
--EXPECT--
array(0) {
}
bool(true)
bool(true)
int(21)
array(0) {
}
bool(true)
bool(true)
int(21)
array(0) {
}
bool(true)
bool(true)
int(21)
