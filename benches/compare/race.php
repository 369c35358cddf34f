<?php
// Many sessions claim one user at the same moment, limit 1, again and again: how many live then, how many were told, and how
// long the slowest claim took.
//
//   php race.php <contenders> <rounds> <claimants>
//
// Prints a line of results for each contender.

declare(strict_types=1);

require __DIR__ . '/Contender.php';
require __DIR__ . '/Worker.php';

const LEAD = 30_000_000; // nanoseconds until all have begun their sessions

[, $file, $rounds, $claimants] = $argv;
$contenders = Contender::all($file);
$racers = $found = [];
foreach ($contenders as $who => $contender) {
    for ($n = 0; $n < (int) $claimants; $n++) {
        $racers[$who][] = new Worker($contender, [__DIR__ . '/racer.php']);
    }
}
for ($round = 0; $round < (int) $rounds; $round++) {
    foreach ($racers as $who => $all) {
        $found[$who][] = race($all, "race$round");
    }
}
foreach ($contenders as $who => $contender) {
    array_map(fn ($racer) => $racer->end(), $racers[$who]);
    $slowest = array_column($found[$who], 'slowest');
    sort($slowest);
    echo implode("\t", [
        'race',
        $contender->name,
        "claimants=$claimants",
        "rounds=$rounds",
        'one=' . count(array_keys(array_column($found[$who], 'live'), 1, true)),
        'told=' . array_sum(array_column($found[$who], 'told')),
        'wanted=' . (int) $rounds * ((int) $claimants - 1),
        sprintf('p50=%.0f', $slowest[intdiv(count($slowest), 2)]),
        sprintf('slowest=%.0f', end($slowest)),
    ]), "\n";
}

/** @param list<Worker> $racers */
function race(array $racers, string $user): array
{
    $when = hrtime(true) + LEAD;
    array_map(fn ($racer) => $racer->send("claim $user $when"), $racers);
    $took = array_map(fn ($racer) => $racer->answer()['took'], $racers);
    $looks = array_map(fn ($racer) => $racer->ask('look'), $racers);
    return [
        'slowest' => max($took),
        'live' => count(array_filter(array_column($looks, 'live'))),
        'told' => count(array_filter(array_column($looks, 'told'))),
    ];
}
