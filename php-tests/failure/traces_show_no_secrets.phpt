--TEST--
neither a DSN nor a session id nor data is in a stack trace
--INI--
zend.exception_ignore_args=0
rsso.lock_wait=0.1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

function trace(callable $act): string
{
    try {
        $act();
    } catch (Throwable $thrown) {
        return print_r($thrown->getTrace(), true);
    }
    return 'nothing was thrown';
}

$handler = new Rsso\SessionHandler('redis://:hunter2@127.0.0.1:1');
foreach ([
    fn() => new Rsso\SessionHandler('redis://:hunter2@127.0.0.1:x'),
    fn() => $handler->__construct('', ['password' => 'hunter2', 'nonesuch' => 1]),
    fn() => $handler->read('hunter2'),
    fn() => $handler->destroy('hunter2'),
    fn() => $handler->validateId('hunter2'),
] as $act) {
    $trace = trace($act);
    var_dump(str_contains($trace, 'SensitiveParameterValue'), str_contains($trace, 'hunter2'));
}
?>
--EXPECT--
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
bool(false)
