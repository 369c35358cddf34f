<?php

declare(strict_types=1);

namespace Chat;

/** The way in and out: sign in, register, sign out. */
final class SignInPages
{
    public function __construct(
        private readonly Users $users,
        private readonly Attempts $attempts,
        private readonly People $people,
        private readonly Visitor $visitor,
    ) {
    }

    public function show(Request $request): Response
    {
        return $this->visitor->user === null ? $this->form($request) : Response::redirect('/');
    }

    public function signIn(Request $request): Response
    {
        if (!$this->visitor->sentToken($request)) {
            return $this->form($request, 'This page was too old. Please try again.', 403);
        }
        [$name, $password] = [trim($request->field('name')), $request->field('password')];
        if (!Users::isName($name) || !Users::isPassword($password)) {
            return $this->form($request, 'Name or password is wrong.', 422);
        }
        if (!$this->attempts->allow($name)) {
            return $this->form($request, 'Too many attempts. Please wait a minute.', 429);
        }
        $user = $this->users->verified($name, $password);
        if ($user === null) {
            return $this->form($request, 'Name or password is wrong.', 422);
        }
        $this->attempts->forget($name);
        return $this->enter($user, $request);
    }

    public function register(Request $request): Response
    {
        if (!$this->visitor->sentToken($request)) {
            return $this->form($request, 'This page was too old. Please try again.', 403);
        }
        [$name, $password] = [trim($request->field('name')), $request->field('password')];
        if (!Users::isName($name)) {
            return $this->form($request, 'A name has 1 to 64 characters, all of them visible.', 422);
        }
        if (!Users::isPassword($password)) {
            return $this->form($request, 'A password has 8 to 72 characters.', 422);
        }
        $user = $this->users->register($name, $password);
        return $user === null
            ? $this->form($request, 'This name is taken.', 409)
            : $this->enter($user, $request);
    }

    /** "Sign in here and end the other one", after a sign-in that was refused. */
    public function takeOver(Request $request): Response
    {
        $offer = $this->visitor->sentToken($request) ? $this->visitor->takeOver() : null;
        $user = $offer === null ? null : $this->users->find($offer['user_id']);
        return $user === null
            ? $this->form($request, 'This page was too old. Please sign in again.', 403)
            : $this->enter($user, $request, Device::of($request->userAgent, $offer['device']), true);
    }

    public function signOut(): Response
    {
        $me = $this->visitor->user;
        $this->visitor->signOut();
        $this->people->changed($me);
        return Response::redirect('/sign-in');
    }

    private function enter(User $user, Request $request, ?Device $device = null, bool $endsOther = false): Response
    {
        try {
            $this->visitor->signIn($user, $device ?? Device::of($request->userAgent, $request->field('device')), $endsOther);
        } catch (\Rsso\LoginRefusedException $refused) {
            if ($refused->reason === 'limit') {
                // With rsso.on_conflict=refuse: the other browser may be closed, and would be waited for until its session ends.
                $this->visitor->offerTakeOver($user, $request->field('device'));
                return $this->form($request, 'You are signed in elsewhere.', 409, $refused->logins);
            }
            return $this->form($request, match ($refused->reason) {
                'storm' => 'Your browsers sign each other out too often. Please wait, up to an hour.',
                default => 'Please try again.',
            }, 409);
        }
        $this->users->touch($user);
        $this->people->changed($user);
        return Response::redirect('/');
    }

    /** @param list<\Rsso\Login> $elsewhere Logins that are in the way. */
    private function form(Request $request, ?string $error = null, int $status = 200, array $elsewhere = []): Response
    {
        $new = $request->path === '/register';
        return Response::page('sign-in', [
            'title' => $new ? 'Create an account' : 'Sign in',
            'new' => $new,
            'error' => $error,
            'elsewhere' => $elsewhere,
            'kicked' => $this->visitor->kicked(),
            'token' => $this->visitor->token(),
            'name' => $request->field('name'),
            'here' => Device::of($request->userAgent),
            'device' => $request->field('device'),
            'scripts' => ['/times.js'],
        ], $status);
    }
}
