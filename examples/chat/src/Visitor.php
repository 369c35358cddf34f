<?php

declare(strict_types=1);

namespace Chat;

/** The browser's session: who is signed in with it, or why nobody is any more. */
final class Visitor
{
    /** Seconds for which "sign in here and end the other one" is offered. */
    private const TAKE_OVER = 300;

    private function __construct(public readonly ?User $user)
    {
    }

    public static function arrive(Users $users, bool $https): self
    {
        session_start([
            'use_strict_mode' => true,
            'use_only_cookies' => true,
            'cookie_httponly' => true,
            'cookie_samesite' => 'Lax',
            'cookie_secure' => $https,
        ]);
        $user = isset($_SESSION['user_id']) ? $users->find($_SESSION['user_id']) : null;
        if ($user !== null) {
            $users->touch($user);
        } elseif ($kick = sso_kicked()) {
            // The sign-in page tells; the session keeps it, so that rsso is not asked again.
            $_SESSION['kicked'] = [
                'replaced' => $kick->code === -4,
                'by' => $kick->by_label ?? $kick->by_device ?? 'another browser',
                'at' => $kick->at,
            ];
        }
        $_SESSION['csrf'] ??= bin2hex(random_bytes(16));
        return new self($user);
    }

    /** @throws \Rsso\LoginRefusedException */
    public function signIn(User $user, Device $device, bool $endsOther = false): void
    {
        // Gives the session a new id, too.
        sso_claim($user->id, $device->class, ['label' => $device->label] + ($endsOther ? ['on_conflict' => 'kick'] : []));
        $_SESSION = ['user_id' => $user->id, 'user_name' => $user->name, 'csrf' => bin2hex(random_bytes(16))];
    }

    /** The password was right: for a while this browser may end the login that is in the way. */
    public function offerTakeOver(User $user, string $device): void
    {
        $_SESSION['take_over'] = ['user_id' => $user->id, 'device' => $device, 'until' => time() + self::TAKE_OVER];
    }

    /** @return array{user_id: int, device: string, until: int}|null What was offered; once. */
    public function takeOver(): ?array
    {
        $offer = $_SESSION['take_over'] ?? null;
        unset($_SESSION['take_over']);
        return $offer !== null && time() < $offer['until'] ? $offer : null;
    }

    /** Ends the session and with it the login, here and in the browser. */
    public function signOut(): void
    {
        $_SESSION = [];
        session_destroy();
        ['path' => $path, 'domain' => $domain, 'secure' => $secure] = session_get_cookie_params();
        setcookie(session_name(), '', [
            'expires' => 1, 'path' => $path, 'domain' => $domain, 'secure' => $secure, 'httponly' => true, 'samesite' => 'Lax',
        ]);
    }

    public function token(): string
    {
        return $_SESSION['csrf'];
    }

    public function sentToken(Request $request): bool
    {
        return hash_equals($this->token(), $request->field('csrf'));
    }

    /** @return array{replaced: bool, by: string, at: int}|null */
    public function kicked(): ?array
    {
        return $_SESSION['kicked'] ?? null;
    }
}
