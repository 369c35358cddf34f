<?php

declare(strict_types=1);

namespace Chat;

/** Who is online: users with live logins. Only those are asked about who may have one, and not more than 50. */
final class People
{
    private const LIMIT = 50;

    public function __construct(private readonly Users $users, private readonly Messages $messages)
    {
    }

    /** @return list<Person> Who is online, then with whom the user has talked before; without the user. */
    public function around(User $me): array
    {
        $unread = $this->messages->unread($me);
        $online = $offline = [];
        foreach ($this->online() as $id => [$user, $devices]) {
            $online[$id] = new Person($user, $devices, $unread[$id] ?? 0);
        }
        foreach ($this->messages->partners($me, self::LIMIT) as $user) {
            if (!isset($online[$user->id])) {
                $offline[] = new Person($user, [], $unread[$user->id] ?? 0);
            }
        }
        unset($online[$me->id]);
        usort($online, static fn (Person $a, Person $b) => strnatcasecmp($a->user->name, $b->user->name));
        return [...$online, ...$offline];
    }

    /** Tells everybody who is online that somebody came or went. */
    public function changed(User $me): void
    {
        foreach ($this->online() as [$user]) {
            if ($user->id !== $me->id) {
                $this->push($user, ['kind' => 'people']);
            }
        }
    }

    /**
     * To all devices of a user. What is pushed can also be asked for: a push that fails takes nothing with it.
     *
     * @param array<string, mixed> $payload
     */
    public function push(User $to, array $payload): void
    {
        try {
            sso_notify($to->id, $payload);
        } catch (\Rsso\RssoException $failure) {
            error_log((string) $failure);
        }
    }

    /** @return array<int, array{User, list<string>}> By user: the kinds of devices with a live login. */
    private function online(): array
    {
        $online = [];
        foreach ($this->users->lately(self::LIMIT) as $user) {
            $devices = array_column(sso_logins($user->id), 'device');
            if ($devices !== []) {
                $online[$user->id] = [$user, array_values(array_unique($devices))];
            }
        }
        return $online;
    }
}
