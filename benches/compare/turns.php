<?php
// One workload with several handlers, turn by turn: what disturbs one disturbs all.
//
//   php turns.php <contenders> <turns> <count> <part> <names and values> <script> [word]...
//
// Each handler has one process, which takes <count> rounds in each of its <turns>, after a fifth as many that are not measured,
// and a first turn that is not.
// Prints a line of results for each: microseconds of a round, and processor time of client and server for one.

declare(strict_types=1);

require __DIR__ . '/Contender.php';
require __DIR__ . '/Worker.php';

[, $file, $turns, $count, $part, $of] = $argv;
$words = array_slice($argv, 6);
$warm = intdiv((int) $count, 5);
$batch = "$warm $count";
$workers = array_map(fn ($contender) => new Worker($contender, $words), Contender::all($file));
foreach ($workers as $worker) {
    $worker->ask($batch);
}
$measured = array_fill(0, count($workers), ['took' => [], 'wall' => 0, 'cpu' => 0, 'server' => 0]);
for ($turn = 0; $turn < (int) $turns; $turn++) {
    // Nobody always comes after the same other.
    $order = $turn % 2 === 0 ? array_keys($workers) : array_reverse(array_keys($workers));
    foreach ($order as $who) {
        $before = $workers[$who]->contender->serverTime();
        $answer = $workers[$who]->ask($batch);
        $measured[$who]['server'] += $workers[$who]->contender->serverTime() - $before;
        $measured[$who]['wall'] += $answer['wall'];
        $measured[$who]['cpu'] += $answer['cpu'];
        array_push($measured[$who]['took'], ...$answer['took']);
    }
}
foreach ($workers as $who => $worker) {
    $worker->end();
    // The server's time is that of the rounds before it, too.
    $measured[$who]['server'] *= (int) $count / ($warm + (int) $count);
    echo result($part, $worker->contender->name, $of, $measured[$who]), "\n";
}

function result(string $part, string $name, string $of, array $measured): string
{
    ['took' => $took, 'wall' => $wall, 'cpu' => $cpu, 'server' => $server] = $measured;
    sort($took);
    $cells = [$part, $name, ...explode(' ', $of)];
    foreach (['q1' => 0.25, 'p50' => 0.5, 'q3' => 0.75, 'p99' => 0.99] as $label => $share) {
        $cells[] = sprintf('%s=%.1f', $label, $took[(int) max(0, round(count($took) * $share) - 1)]);
    }
    $cells[] = sprintf('client=%.1f', $cpu / count($took));
    $cells[] = sprintf('server=%.1f', $server / count($took));
    $cells[] = sprintf('others=%.3f', 1 - ($cpu + $server) / $wall);
    return implode("\t", $cells);
}
