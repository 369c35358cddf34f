<?php

declare(strict_types=1);

namespace Chat;

/** Which page answers which request, and what has to hold before it does: a user, and a token on every POST. */
final class App
{
    private function __construct(
        private readonly Users $users,
        private readonly Attempts $attempts,
        private readonly Messages $messages,
        private readonly People $people,
    ) {
    }

    public static function open(): self
    {
        $path = getenv('CHAT_DB') ?: throw new \RuntimeException('CHAT_DB does not say where the chat keeps its database');
        $database = Database::open($path);
        $users = new Users($database);
        $messages = new Messages($database);
        return new self($users, new Attempts($database), $messages, new People($users, $messages));
    }

    public function answer(Request $request): Response
    {
        $visitor = Visitor::arrive($this->users, $request->https);
        $route = "$request->method $request->path";
        $signIn = new SignInPages($this->users, $this->attempts, $this->people, $visitor);
        $open = match ($route) {
            'GET /sign-in', 'GET /register' => $signIn->show($request),
            'POST /sign-in' => $signIn->signIn($request),
            'POST /register' => $signIn->register($request),
            'POST /take-over' => $signIn->takeOver($request),
            default => null,
        };
        if ($open !== null) {
            return $open;
        }

        if ($visitor->user === null) {
            return $request->wantsJson
                ? Response::json(['error' => 'You are not signed in.'], 401)
                : Response::redirect('/sign-in');
        }
        if ($request->method === 'POST' && !$visitor->sentToken($request)) {
            return Response::problem(403, 'This page was too old. Please go back, reload it and try again.', $request);
        }
        $chat = new ChatPages($this->users, $this->messages, $this->people, $visitor);
        $logins = new LoginsPages($this->people, $visitor);
        return match ($route) {
            'GET /' => $chat->show($request),
            'GET /messages' => $chat->since($request),
            'POST /messages' => $chat->send($request),
            'GET /people' => $chat->people($request),
            'POST /read' => $chat->read($request),
            'GET /logins' => $logins->show(),
            'POST /logins/end' => $logins->end($request),
            'POST /logins/end-others' => $logins->endOthers(),
            'POST /sign-out' => $signIn->signOut(),
            default => Response::problem(404, 'There is no such page.', $request),
        };
    }
}
