<?php
// A table for each part of a run.

declare(strict_types=1);

const ARRANGED = ['one' => 'on one core', 'apart' => 'on two cores'];

function session(Results $results): string
{
    $text = "## One session after the other\n\nMicroseconds from `session_start()` to the end of `session_write_close()`: median (first to third quartile). "
        . "On the right, of one size: the 99th of a hundred, and the processor time of client and server for a session.\n";
    $all = $results->values('session', 'bytes');
    $one = in_array('2048', $all, true) ? '2048' : $all[0];
    foreach (ARRANGED as $cores => $said) {
        foreach ($results->values('session', 'workload') as $workload) {
            $rows = [];
            foreach ($results->handlers('session') as $handler) {
                $of = fn ($name, $bytes) => ['session', $handler, ['cores' => $cores, 'workload' => $workload, 'bytes' => $bytes], $name];
                if ($results->all(...$of('p50', $one)) !== []) {
                    $cells = array_map(fn ($bytes) => between($results, $of, $bytes), $all);
                    $times = array_map(fn ($name) => micro($results->median(...$of($name, $one))), ['p99', 'client', 'server']);
                    $rows[] = [$handler, ...$cells, ...$times];
                }
            }
            // On two cores not all is measured.
            if ($rows !== []) {
                $heads = ['', ...array_map('size', $all), size($one) . ': p99', 'client', 'server'];
                $text .= "\n**$workload, $said**\n\n" . table($heads, $rows);
            }
        }
    }
    return $text;
}

/** The median of the rounds' medians, and of their quartiles. */
function between(Results $results, callable $of, string $bytes): string
{
    [$q1, $p50, $q3] = array_map(fn ($name) => micro($results->median(...$of($name, $bytes))), ['q1', 'p50', 'q3']);
    return "$p50 ($q1 to $q3)";
}

function contention(Results $results): string
{
    $rows = [];
    foreach ($results->handlers('contention') as $handler) {
        $all = fn ($name) => $results->all('contention', $handler, [], $name);
        $of = fn ($name) => $results->median('contention', $handler, [], $name);
        $rows[] = [$handler, min($all('kept')) . ' of 800', ms($of('slowest')), ms(max($all('slowest'))), ms($of('total')), spread($results->spread('contention', $handler, [], 'stretch'))];
    }
    return "## One session, eight processes\n\nEach counts it up 100 times and holds it for 2 ms each time: the slowest wait of a run, its median and the "
        . "worst of all runs, and the total time, also over the sum of holding.\n\n"
        . table(['', 'updates kept', 'slowest wait', 'worst', 'total', 'total / holding'], $rows);
}

function claims(Results $results): string
{
    $rows = [];
    foreach ($results->handlers('claims') as $handler) {
        $row = [$handler];
        foreach ($results->values('claims', 'live') as $live) {
            $of = fn ($name) => micro($results->median('claims', $handler, ['live' => $live], $name));
            array_push($row, "{$of('p50')} ({$of('q1')} to {$of('q3')})", "{$of('client')} + {$of('server')}");
        }
        $rows[] = [...$row, figure($results->median('claim_rate', $handler, [], 'rate'))];
    }
    $heads = [''];
    foreach ($results->values('claims', 'live') as $live) {
        array_push($heads, "$live live", 'client + server');
    }
    return "## Claims\n\n`sso_claim()` that pushes the oldest of so many live logins out: microseconds in one process; the processor time of client and "
        . "server for it and for its new session; and logins a second with eight processes (session and PHP's start included).\n\n"
        . table([...$heads, 'eight, per second'], $rows) . race($results);
}

function race(Results $results): string
{
    $rows = [];
    foreach ($results->handlers('race') as $handler) {
        $of = fn ($name) => $results->median('race', $handler, [], $name);
        $rows[] = [$handler, "{$of('one')} of {$of('rounds')}", "{$of('told')} of {$of('wanted')}", ms($of('p50') / 1000), ms($of('slowest') / 1000)];
    }
    return $rows === [] ? '' : "\n32 sessions claim one user at the same moment, limit 1: rounds after which one login lived, sessions that were told of their "
        . "kick, and the slowest of the 32 claims (median of the rounds, and the worst).\n\n"
        . table(['', 'one live', 'told', 'slowest of 32', 'worst'], $rows);
}

function pages(Results $results): string
{
    $rows = [];
    foreach ($results->handlers('pages') as $handler) {
        $of = fn ($name, $sessions) => $results->median('pages', $handler, ['sessions' => $sessions], $name);
        $row = [$handler];
        foreach (['200', '8'] as $sessions) {
            array_push($row, figure($of('rate', $sessions)), micro($of('cpu', $sessions)));
        }
        $rows[] = [...$row, micro($of('worker', '200')), micro($of('server', '200')), micro($of('nginx', '200')), array_sum($results->all('pages', $handler, [], 'lost'))];
    }
    return "## Pages\n\nRequests a second of a page that counts in one of 200 sessions, and in one of 8, which are asked for several times at once, as "
        . "browsers do; and the processor time of a request in microseconds: wrk, nginx, php-fpm with eight workers. Of 200 sessions, the parts that worker, "
        . "server and nginx have in it. Updates lost in all rounds. `echo` is a page without a session.\n\n"
        . table(['', '200 sessions', 'time', '8 sessions', 'time', 'worker', 'server', 'nginx', 'lost'], $rows);
}

function compression(Results $results): string
{
    $rows = [];
    foreach ($results->values('compression', 'bytes') as $bytes) {
        foreach ($results->handlers('compression') as $how) {
            $of = fn ($name) => $results->median('compression', $how, ['bytes' => $bytes], $name);
            $rows[] = [$how, size($bytes), sprintf('%.1f KiB', $of('stored') / 1024), micro($of('p50')) . ' / ' . micro($of('p99')), micro($of('client')), micro($of('server'))];
        }
    }
    return "## Compression\n\nAn existing session that is written, on Redis, with lists of things as text: what is stored, microseconds (median / p99), and "
        . "the processor time of client and server.\n\n" . table(['rsso.compress', 'data', 'stored', 'takes', 'client', 'server'], $rows);
}

function server(Results $results): string
{
    $rows = [];
    foreach ($results->values('server', 'workload') as $workload) {
        foreach ($results->handlers('server') as $handler) {
            $cpu = $results->median('server', $handler, ['workload' => $workload], 'cpu');
            $rows[] = ["$handler, $workload", sprintf('%.1f', $cpu), number_format(floor(1e6 / $cpu / 1000) * 1000)];
        }
    }
    return "## What one Redis carries\n\nRedis' processor time for one session of 2 KiB with four clients, in microseconds, and how many a second fill one core.\n\n"
        . table(['', 'processor time', 'sessions a second'], $rows);
}

function scale(Results $results): string
{
    $rows = [];
    foreach ($results->values('scale', 'live') as $live) {
        $of = fn ($name) => $results->median('scale', 'rsso-redis', ['live' => $live], $name);
        $rows[] = [number_format((float) $live), sprintf('%.0f bytes', $of('each')), micro($of('p50')) . ' / ' . micro($of('p99'))];
    }
    return "## Live sessions in Redis\n\nOf 200 bytes of data each: memory of one, and what a session that is written takes beside them.\n\n"
        . table(['live', 'memory of each', 'takes'], $rows);
}

function memory(Results $results): string
{
    $rows = [];
    foreach ($results->handlers('memory') as $handler) {
        $of = fn ($name) => sprintf('%.2f MiB', $results->median('memory', $handler, [], $name) / 1024);
        $rows[] = [$handler, $of('pss'), $of('private')];
    }
    return "## Memory of a php-fpm worker\n\nOne of eight, after a second of requests; `files` without the extension. PSS counts a page that eight share as an eighth of it.\n\n"
        . table(['', 'PSS', 'private, dirty'], $rows);
}

function start(Results $results): string
{
    return sprintf(
        "## Start\n\n`php -v`: %.2f ms without the extension, %.2f ms with it. `librsso.so`, stripped: %.2f MiB.\n",
        $results->median('start', 'without', [], 'p50') / 1000,
        $results->median('start', 'with', [], 'p50') / 1000,
        $results->median('size', 'librsso.so', [], 'bytes') / 1024 / 1024,
    );
}
