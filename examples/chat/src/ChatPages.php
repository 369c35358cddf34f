<?php

declare(strict_types=1);

namespace Chat;

/** The chat: who is there, what was said, and what the page's script asks for. */
final class ChatPages
{
    /** How many messages a page that was away for long gets at a time. */
    private const BATCH = 200;

    public function __construct(
        private readonly Users $users,
        private readonly Messages $messages,
        private readonly People $people,
        private readonly Visitor $visitor,
    ) {
    }

    public function show(Request $request): Response
    {
        return $this->page($this->with($request));
    }

    public function send(Request $request): Response
    {
        $me = $this->visitor->user;
        $to = $this->with($request);
        if ($to === null) {
            return Response::problem(404, 'There is no such person.', $request);
        }
        $text = Messages::clean($request->field('text'));
        if ($text === null) {
            $error = 'A message has 1 to ' . Messages::LENGTH . ' characters.';
            return $request->wantsJson
                ? Response::json(['error' => $error], 422)
                : $this->page($to, $request->field('text'), $error);
        }
        $message = $this->messages->store($me, $to, $text); // first: what was pushed can always be found
        foreach ([$to, $me] as $user) { // the sender's other devices show it as well
            $this->people->push($user, ['kind' => 'message'] + $message);
        }
        return $request->wantsJson ? Response::json($message, 201) : Response::redirect("/?with=$to->id");
    }

    public function since(Request $request): Response
    {
        $messages = $this->messages->since($this->visitor->user, $request->number('after'), self::BATCH);
        return Response::json(['messages' => $messages, 'more' => count($messages) === self::BATCH]);
    }

    public function people(Request $request): Response
    {
        return Response::fragment('people', [
            'people' => $this->people->around($this->visitor->user),
            'with' => $this->with($request),
        ]);
    }

    public function read(Request $request): Response
    {
        $with = $this->with($request);
        if ($with !== null) {
            $this->messages->markRead($this->visitor->user, $with, $request->number('message'));
        }
        return Response::nothing();
    }

    private function page(?User $with, string $draft = '', ?string $error = null): Response
    {
        $me = $this->visitor->user;
        $last = $this->messages->last(); // before the messages are read: none falls in between
        $messages = $with === null ? [] : $this->messages->between($me, $with);
        if ($with !== null) {
            $this->messages->markRead($me, $with, $last);
        }
        return Response::page('chat', [
            'title' => $with === null ? 'Chat' : "Chat with $with->name",
            'visitor' => $this->visitor,
            'me' => $me,
            'people' => $this->people->around($me),
            'with' => $with,
            'messages' => $messages,
            'last' => $last,
            'draft' => $draft,
            'error' => $error,
            'scripts' => ['/chat.js'],
        ], $error === null ? 200 : 422);
    }

    /** The other one of the conversation. */
    private function with(Request $request): ?User
    {
        $id = $request->number('with');
        return $id === 0 || $id === $this->visitor->user->id ? null : $this->users->find($id);
    }
}
