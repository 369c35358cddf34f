--TEST--
a session that one handler object holds is not granted to another one of the same request
--INI--
rsso.lock_wait=0.2
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

[$one, $two] = [new Rsso\SessionHandler(), new Rsso\SessionHandler()];
$one->open('', '');
$two->open('', '');
var_dump($one->read('shared'));
echo strtok(thrown_by(fn() => $two->read('shared')), ':'), "\n";
var_dump($one->write('shared', 'a'), $one->close());
var_dump($two->read('shared'), $two->close());

// What a second call of the constructor forgets is given back.
$one->read('shared');
$one->__construct();
var_dump($two->read('shared'), $two->close());
?>
--EXPECT--
string(0) ""
Rsso\LockTimeoutException
bool(true)
bool(true)
string(1) "a"
bool(true)
string(1) "a"
bool(true)
