<?php

declare(strict_types=1);

namespace Chat;

/** "Where am I signed in", and how to end what is not wanted there. */
final class LoginsPages
{
    public function __construct(private readonly People $people, private readonly Visitor $visitor)
    {
    }

    public function show(): Response
    {
        return Response::page('logins', [
            'title' => 'Where am I signed in',
            'visitor' => $this->visitor,
            'logins' => array_reverse(sso_logins($this->visitor->user->id)),
            'scripts' => ['/live.js'],
        ]);
    }

    public function end(Request $request): Response
    {
        $login = $request->field('login');
        if (preg_match('/^[0-9A-Z]{26}$/D', $login)) {
            $this->kick(['login' => $login]);
        }
        return Response::redirect('/logins');
    }

    public function endOthers(): Response
    {
        $this->kick(['except_current' => true]);
        return Response::redirect('/logins');
    }

    /** @param array<string, mixed> $which Of this user's logins only: the store looks nowhere else. */
    private function kick(array $which): void
    {
        if (sso_kick($this->visitor->user->id, options: $which) > 0) {
            $this->people->changed($this->visitor->user);
        }
    }
}
