<?php
// Turns the results of a run into Markdown tables and a plot.
//
//   php report.php <results.tsv> <about.txt> <folder>

declare(strict_types=1);

require __DIR__ . '/Results.php';
require __DIR__ . '/plot.php';

const ARRANGED = ['one' => 'on one core', 'apart' => 'on two cores'];

[, $file, $about, $folder] = $argv;
$results = new Results($file);
$text = 'Measured with ' . trim(file_get_contents($about)) . ", on one machine, in one run, handlers in turn.\n";
foreach (['session', 'ping', 'contention', 'claims', 'pages', 'compression', 'server', 'scale', 'memory', 'start'] as $part) {
    if ($results->has($part)) {
        $text .= "\n" . $part($results);
    }
}
$text .= "\n" . aims($results);
file_put_contents("$folder/performance.md", $text);
if ($results->has('session')) {
    file_put_contents("$folder/session.svg", bars($results, '2048'));
}
echo $text;

function table(array $heads, array $rows): string
{
    $line = fn (array $cells) => '| ' . implode(' | ', $cells) . " |\n";
    $rule = array_merge([':---'], array_fill(0, count($heads) - 1, '---:'));
    return $line($heads) . $line($rule) . implode('', array_map($line, $rows));
}

function session(Results $results): string
{
    $text = "### One session after the other\n\nMicroseconds from `session_start()` to the end of `session_write_close()`, median / p99; "
        . "client and server on one core, and on two.\n";
    $sizes = $results->values('session', 'bytes');
    $heads = array_map(fn ($bytes) => $bytes < 1024 ? "$bytes B" : intdiv((int) $bytes, 1024) . ' KiB', $sizes);
    foreach (ARRANGED as $cores => $said) {
        foreach ($results->values('session', 'workload') as $workload) {
            $rows = [];
            foreach ($results->handlers('session') as $handler) {
                $row = [$handler];
                foreach ($sizes as $bytes) {
                    $of = ['cores' => $cores, 'workload' => $workload, 'bytes' => $bytes];
                    $row[] = micro($results->median('session', $handler, $of, 'p50')) . ' / ' . micro($results->median('session', $handler, $of, 'p99'));
                }
                $rows[] = $row;
            }
            // On two cores not all is measured.
            if ($results->all('session', $handler, ['cores' => $cores, 'workload' => $workload], 'p50') !== []) {
                $text .= "\n**$workload, $said**\n\n" . table(['', ...$heads], $rows);
            }
        }
    }
    return $text;
}

function ping(Results $results): string
{
    $rows = [];
    foreach ($results->handlers('ping') as $handler) {
        $rows[] = [$handler, ...array_map(fn ($cores) => micro($results->median('ping', $handler, ['cores' => $cores], 'p50')), array_keys(ARRANGED))];
    }
    return "### Beside round trips that do nothing\n\nAn existing session of 2 KiB that is written, and two `PING`s of phpredis, in microseconds.\n\n"
        . table(['', ...ARRANGED], $rows);
}

function contention(Results $results): string
{
    $rows = [];
    foreach ($results->handlers('contention') as $handler) {
        $of = fn ($name) => $results->median('contention', $handler, [], $name);
        $rows[] = [$handler, $of('kept') . ' of 800', ms($of('slowest')), ms($of('total')), sprintf('%.2f', $of('total') / $of('held'))];
    }
    return "### One session, eight processes\n\nEach counts it up 100 times and holds it for 2 ms each time.\n\n"
        . table(['', 'updates kept', 'slowest wait', 'total', 'total / sum of holding'], $rows);
}

function claims(Results $results): string
{
    $rows = [];
    foreach ($results->handlers('claims') as $handler) {
        $of = fn ($name) => $results->median('claims', $handler, [], $name);
        $rows[] = [$handler, micro($of('p50')) . ' / ' . micro($of('p99')), sprintf('%.0f', $of('rate'))];
    }
    return "### Claims\n\n`sso_claim()` that pushes another login out: microseconds (median / p99) in one process, and logins a second with "
        . "eight processes (session and PHP's start included).\n\n" . table(['', 'one', 'eight, per second'], $rows);
}

function pages(Results $results): string
{
    $rows = [];
    foreach ($results->handlers('pages') as $handler) {
        $rate = fn ($workers, $sessions) => sprintf('%.0f', $results->median('pages', $handler, ['workers' => $workers, 'sessions' => $sessions], 'rate'));
        $rows[] = [$handler, $rate('2', '200'), $rate('8', '200'), $rate('8', '8'), array_sum($results->all('pages', $handler, [], 'lost'))];
    }
    return "### Pages\n\nRequests a second of a page that counts in one of 200 sessions, and in one of 8, which are asked for several times at once, as "
        . "browsers do: wrk, nginx, php-fpm; updates lost in all rounds.\n\n"
        . table(['', '2 workers', '8 workers', '8 workers, 8 sessions', 'lost'], $rows);
}

function compression(Results $results): string
{
    $rows = [];
    foreach ($results->values('compression', 'bytes') as $bytes) {
        foreach ($results->handlers('compression') as $how) {
            $of = fn ($name) => $results->median('compression', $how, ['bytes' => $bytes], $name);
            $rows[] = [$how, intdiv((int) $bytes, 1024) . ' KiB', sprintf('%.1f KiB', $of('stored') / 1024), micro($of('p50')) . ' / ' . micro($of('p99'))];
        }
    }
    return "### Compression\n\nAn existing session that is written, on Redis, with lists of things as text: what is stored, and microseconds (median / p99).\n\n"
        . table(['rsso.compress', 'data', 'stored', 'takes'], $rows);
}

function server(Results $results): string
{
    $rows = [];
    foreach ($results->values('server', 'workload') as $workload) {
        $cpu = $results->median('server', 'rsso-redis', ['workload' => $workload], 'cpu');
        $rows[] = [$workload, sprintf('%.1f', $cpu), number_format(floor(1e6 / $cpu / 1000) * 1000)];
    }
    return "### What one Redis carries\n\nRedis' processor time for one session of 2 KiB, in microseconds, and how many a second fill one core.\n\n"
        . table(['', 'processor time', 'sessions a second'], $rows);
}

function scale(Results $results): string
{
    $rows = [];
    foreach ($results->values('scale', 'live') as $live) {
        $of = fn ($name) => $results->median('scale', 'rsso-redis', ['live' => $live], $name);
        $rows[] = [number_format((float) $live), sprintf('%.0f bytes', $of('each')), micro($of('p50')) . ' / ' . micro($of('p99'))];
    }
    return "### Live sessions in Redis\n\nOf 200 bytes of data each: memory of one, and what a session that is written takes beside them.\n\n"
        . table(['live', 'memory of each', 'takes'], $rows);
}

function memory(Results $results): string
{
    $rows = [];
    foreach ($results->handlers('memory') as $handler) {
        $of = fn ($name) => sprintf('%.2f MiB', $results->median('memory', $handler, [], $name) / 1024);
        $rows[] = [$handler, $of('rss'), $of('pss'), $of('private')];
    }
    return "### Memory of a php-fpm worker\n\nAfter 200 requests; `files` without the extension.\n\n" . table(['', 'RSS', 'PSS', 'private, dirty'], $rows);
}

function start(Results $results): string
{
    $with = $results->median('start', 'with', [], 'p50');
    $without = $results->median('start', 'without', [], 'p50');
    return sprintf(
        "### Start\n\n`php -v`: %.2f ms without the extension, %.2f ms with it. `librsso.so`, stripped: %.2f MiB.\n",
        $without / 1000,
        $with / 1000,
        $results->median('size', 'librsso.so', [], 'bytes') / 1024 / 1024,
    );
}

/** What was aimed at, and what was measured. */
function aims(Results $results): string
{
    $rows = [];
    $aim = function (string $what, ?array $ratio, float $bound, bool $least = false) use (&$rows) {
        if ($ratio !== null) {
            $median = $ratio[0];
            $kept = $least ? $median >= $bound : $median <= $bound;
            $rows[] = [$what, sprintf('%s %s', $least ? '≥' : '≤', $bound), spread($ratio), $kept ? 'yes' : '**no**'];
        }
    };
    $took = fn ($handler, $cores, $workload, $bytes) => ['session', $handler, ['cores' => $cores, 'workload' => $workload, 'bytes' => $bytes], 'p50'];
    foreach (ARRANGED as $cores => $said) {
        $aim("redis, written, 2 KiB, to two PINGs, $said", $results->ratio(['ping', 'rsso-redis', ['cores' => $cores], 'p50'], ['ping', 'two-pings', ['cores' => $cores], 'p50']), 1.3);
        $aim("mysql, written, 2 KiB, to the PDO handler, $said", $results->ratio($took('rsso-mysql', $cores, 'written', '2048'), $took('pdo', $cores, 'written', '2048')), 0.75);
    }
    $aim('sqlite, written, 2 KiB: microseconds over files', $results->difference($took('rsso-sqlite', 'one', 'written', '2048'), $took('files', 'one', 'written', '2048')), 25);
    foreach (['phpredis-nolock', 'phpredis-nolock-connects', 'memcached', 'rsso-redis'] as $other) {
        $aim("$other, written, 2 KiB, to sqlite, on two cores: times", $results->ratio($took($other, 'apart', 'written', '2048'), $took('rsso-sqlite', 'apart', 'written', '2048')), 5, true);
    }
    foreach (['redis', 'mysql', 'sqlite'] as $store) {
        $aim("contention, $store: total to sum of holding", $results->ratio(['contention', "rsso-$store", [], 'total'], ['contention', "rsso-$store", [], 'held']), 1.1);
        $aim("contention, $store: slowest wait to files'", $results->ratio(['contention', "rsso-$store", [], 'slowest'], ['contention', 'files', [], 'slowest']), 1.5);
    }
    foreach (['200', '8'] as $sessions) {
        $rate = fn ($handler) => ['pages', $handler, ['workers' => '8', 'sessions' => $sessions], 'rate'];
        foreach (['phpredis-lock', 'phpredis-lock-connects'] as $other) {
            $aim("pages, 8 workers, $sessions sessions, redis to $other", $results->ratio($rate('rsso-redis'), $rate($other)), 1.3, true);
        }
    }
    foreach (['redis', 'mysql', 'sqlite'] as $store) {
        $aim("worker with rsso, $store: MiB over one without", scaled($results->difference(['memory', "rsso-$store", [], 'rss'], ['memory', 'files', [], 'rss']), 1024), 2);
    }
    $aim('librsso.so, stripped: MiB', scaled($results->spread('size', 'librsso.so', [], 'bytes'), 1024 * 1024), 6);
    $aim('start: ms over PHP without', scaled($results->difference(['start', 'with', [], 'p50'], ['start', 'without', [], 'p50']), 1000), 3);
    return "### Aims\n\nWhat this project has set itself: the median of the rounds, and the least and the greatest.\n\n"
        . beside_phpredis($results, $took) . table(['', 'aim', 'measured', 'reached'], $rows);
}

/** Redis beside phpredis, which keeps its connection or does not; what misses its aim in bold. */
function beside_phpredis(Results $results, callable $took): string
{
    $aims = [
        ['written, 2 KiB, with lock', 'phpredis-lock', 'written', '2048', 0.65],
        ['written, 2 KiB, without lock', 'phpredis-nolock', 'written', '2048', 1.15],
        ['unchanged, 2 KiB, with lock', 'phpredis-lock', 'unchanged', '2048', 0.45],
        ['written, 20 KiB, with lock', 'phpredis-lock', 'written', '20480', 0.75],
        ['written, 200 KiB, with lock', 'phpredis-lock', 'written', '204800', 0.75],
    ];
    $heads = ['redis, to phpredis', 'aim'];
    foreach (['' => 'kept', '-connects' => 'new'] as $kind) {
        foreach (ARRANGED as $said) {
            $heads[] = "$kind connection, $said";
        }
    }
    $rows = [];
    foreach ($aims as [$what, $other, $workload, $bytes, $bound]) {
        $row = [$what, "≤ $bound"];
        foreach (['', '-connects'] as $kind) {
            foreach (array_keys(ARRANGED) as $cores) {
                $ratio = $results->ratio($took('rsso-redis', $cores, $workload, $bytes), $took($other . $kind, $cores, $workload, $bytes));
                $row[] = $ratio === null ? '' : ($ratio[0] <= $bound ? spread($ratio) : '**' . spread($ratio) . '**');
            }
        }
        $rows[] = $row;
    }
    return table($heads, $rows) . "\n";
}

function spread(array $ratio): string
{
    return sprintf('%.2f (%.2f to %.2f)', ...$ratio);
}

function scaled(?array $values, float $by): ?array
{
    return $values === null ? null : array_map(fn ($value) => $value / $by, $values);
}

function micro(?float $value): string
{
    return $value === null ? '' : ($value < 10 ? sprintf('%.1f', $value) : sprintf('%.0f', $value));
}

function ms(float $value): string
{
    return $value < 1000 ? sprintf('%.0f ms', $value) : sprintf('%.2f s', $value / 1000);
}
