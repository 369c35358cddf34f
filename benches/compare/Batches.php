<?php

declare(strict_types=1);

/** The side of a worker: does something so many times whenever it is told to, and answers how long each took. */
final class Batches
{
    /**
     * What counts is the nanoseconds that $round returns; if it returns none, all of its time. $check gets the number of rounds
     * after each batch.
     */
    public static function serve(callable $round, callable $check): void
    {
        while (($line = fgets(STDIN)) !== false) {
            [$warm, $count] = array_map('intval', explode(' ', $line));
            for ($i = 0; $i < $warm; $i++) {
                $round(); // another process had this core, and its caches
            }
            $answer = self::batch($count, $round);
            $check($warm + $count);
            fwrite(STDOUT, json_encode($answer) . "\n");
        }
    }

    private static function batch(int $count, callable $round): array
    {
        $took = [];
        $cpu = self::cpu();
        $start = hrtime(true);
        for ($i = 0; $i < $count; $i++) {
            $began = hrtime(true);
            $own = $round();
            $took[] = $own ?? hrtime(true) - $began;
        }
        $wall = hrtime(true) - $start;
        return [
            'took' => array_map(fn ($nanoseconds) => round($nanoseconds / 1000, 1), $took),
            'wall' => $wall / 1000,
            'cpu' => self::cpu() - $cpu,
        ];
    }

    /** The processor time of this process in microseconds. */
    private static function cpu(): int
    {
        $usage = getrusage();
        return ($usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec']) * 1_000_000 + $usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec'];
    }
}
