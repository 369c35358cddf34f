--TEST--
rsso.ini lists every directive there is, and no other, with its default
--SKIPIF--
<?php
require __DIR__ . '/../helpers.inc';
if (!is_file(root() . '/rsso.ini')) die('skip cannot find rsso.ini: set RSSO_ROOT to the repository');
?>
--INI--
rsso.dsn=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

$text = file_get_contents(root() . '/rsso.ini');
// As it would be with every directive's semicolon removed.
$settings = parse_ini_string(preg_replace('/^;(?=[a-z_.]+ = )/m', '', $text), false, INI_SCANNER_RAW);
$listed = array_filter($settings, fn ($name) => str_starts_with($name, 'rsso.'), ARRAY_FILTER_USE_KEY);
ksort($listed);
$real = ini_get_all('rsso', false);
var_dump(count($real) > 5, array_diff_assoc($listed, $real), array_diff_key($real, $listed));

// And what it says in words is what it shows.
preg_match_all('/^; Default: "?([^"\s]*).*\n;(\S+) = "?([^"\n]*)/m', $text, $documented, PREG_SET_ORDER);
foreach ($documented as [, $default, $name, $value]) {
    if ($default !== $value) {
        echo "$name: said $default, shown $value\n";
    }
}
var_dump(count($documented) === count($real));

// It loads rsso, and nothing else; the other file does nothing until its semicolons are removed.
var_dump(parse_ini_string($text));
$handler = file_get_contents(root() . '/rsso-handler.ini');
var_dump(parse_ini_string($handler));
var_dump(parse_ini_string(preg_replace('/^;(?=[a-z_.]+ = )/m', '', $handler))['session.save_handler']);
?>
--EXPECT--
bool(true)
array(0) {
}
array(0) {
}
bool(true)
array(1) {
  ["extension"]=>
  string(7) "rsso.so"
}
array(0) {
}
string(4) "rsso"
