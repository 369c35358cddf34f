--TEST--
the stub declares exactly what the extension declares, with the same signatures
--SKIPIF--
<?php
require __DIR__ . '/../helpers.inc';
if (root() === '') die('skip cannot find the stub: set RSSO_ROOT to the repository');
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
require __DIR__ . '/../reflection.inc';

$extension = new ReflectionExtension('rsso');
$is = described(array_values($extension->getClasses()), array_values($extension->getFunctions()), $extension->getConstants());

// A PHP without the extension loads the stub and says what it found there.
$code = 'require $argv[1];
    $before = get_declared_classes(); $constants = get_defined_constants();
    require $argv[2];
    $classes = array_map(fn ($name) => new ReflectionClass($name), array_values(array_diff(get_declared_classes(), $before)));
    $functions = array_filter(array_map(fn ($name) => new ReflectionFunction($name), get_defined_functions()["user"]),
        fn ($function) => $function->getFileName() === realpath($argv[2]));
    echo json_encode(described($classes, $functions, array_diff_key(get_defined_constants(), $constants)));';
$command = [PHP_BINARY, '-n', '-r', $code, '--', dirname(__DIR__) . '/reflection.inc', root() . '/stubs/rsso.stub.php'];
$stub = json_decode(shell_exec(implode(' ', array_map(escapeshellarg(...), $command))), true);

var_dump(count($is) > 10, array_values(array_diff($is, $stub)), array_values(array_diff($stub, $is)));
?>
--EXPECT--
bool(true)
array(0) {
}
array(0) {
}
