--TEST--
a handler that encrypts what it gives to PHP's SessionHandler works, and the store sees no plain text
--INI--
session.use_cookies=0
session.cache_limiter=
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

final class Encrypting extends SessionHandler
{
    public function __construct(private string $key) {}
    public function read(string $id): string|false
    {
        $sealed = parent::read($id);
        return $sealed === '' ? '' : sodium_crypto_secretbox_open(substr($sealed, 24), substr($sealed, 0, 24), $this->key);
    }
    public function write(string $id, string $data): bool
    {
        $nonce = random_bytes(24);
        return parent::write($id, $nonce . sodium_crypto_secretbox($data, $nonce, $this->key));
    }
}

session_set_save_handler(new Encrypting(random_bytes(32)));
$id = start();
$_SESSION['card'] = '4111111111111111';
session_write_close();
for ($i = 0; $i < 2; $i++) { // changed, then unchanged
    $_SESSION = [];
    start($id);
    var_dump($_SESSION['card'], $_SESSION['seen'] ?? null);
    $_SESSION['seen'] = true;
    session_write_close();
}
$raw = (new Rsso\SessionHandler)->read($id);
var_dump(strlen($raw) > 24, str_contains($raw, '4111'));
?>
--EXPECT--
string(16) "4111111111111111"
NULL
string(16) "4111111111111111"
bool(true)
bool(true)
bool(false)
