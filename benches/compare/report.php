<?php
// Turns the results of a run into Markdown tables and a plot.
//
//   php report.php <results.tsv> <about.txt> <folder>

declare(strict_types=1);

require __DIR__ . '/Results.php';
require __DIR__ . '/format.php';
require __DIR__ . '/tables.php';
require __DIR__ . '/plot.php';

[, $file, $about, $folder] = $argv;
$results = new Results($file);
$text = 'Measured with ' . trim(file_get_contents($about)) . ', on one machine, in one run, handlers in turn.' . quiet($results) . "\n";
foreach (['session', 'contention', 'claims', 'pages', 'compression', 'server', 'scale', 'memory', 'start'] as $part) {
    if ($results->has($part)) {
        $text .= "\n" . $part($results);
    }
}
$text .= "\n" . acceptance($results, require __DIR__ . '/acceptance.php');
file_put_contents("$folder/performance.md", $text);
if (($plot = bars($results, '2048')) !== null) {
    file_put_contents("$folder/performance.svg", $plot);
}
echo $text;

/** How much others had of the core that client and server share. */
function quiet(Results $results): string
{
    $shares = [];
    foreach (array_intersect($results->handlers('session'), ['files', 'phpredis-nolock', 'phpredis-lock', 'memcached', 'rsso-redis']) as $handler) {
        array_push($shares, ...$results->all('session', $handler, ['cores' => 'one'], 'others'));
    }
    return $shares === [] ? '' : sprintf(" Other processes had %.1f %% of the core that client and server share in the median measurement, and %.1f %% or more in a quarter of them.",
        100 * Results::quartiles($shares)[1], 100 * Results::quartiles($shares)[2]);
}

/** What is asked for, and what was measured. */
function acceptance(Results $results, array $bounds): string
{
    $rows = [];
    foreach ($bounds as [$what, $how, $one, $other, $relation, $bound]) {
        $measured = match ($how) {
            'ratio' => $results->ratio($one, $other),
            'difference' => $results->difference($one, $other),
            'value' => $results->spread(...$one),
            'sum' => ($all = $results->all(...$one)) === [] ? null : array_fill(0, 3, array_sum($all)),
        };
        // Only a run with BEFORE has both.
        $missing = str_ends_with($other[1] ?? '', '-before') ? 'needs BEFORE' : 'not measured';
        $kept = $measured !== null && ($relation === '≤' ? $measured[1] <= $bound : $measured[1] >= $bound);
        $rows[] = [$what, "$relation " . figure($bound), $measured === null ? $missing : spread($measured), $measured === null ? '' : ($kept ? 'yes' : '**no**')];
    }
    return "## Acceptance\n\nRatios of medians of this run, on one core where nothing else is said; in parentheses the quartiles of the rounds.\n\n"
        . table(['', 'bound', 'measured', 'holds'], $rows);
}
