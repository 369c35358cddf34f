<?php

declare(strict_types=1);

/** What a run has measured: lines of part, handler, names and values; one for each round. */
final class Results
{
    /** @var array<string, array<string, list<array<string, string>>>> by part and handler */
    private array $lines = [];

    public function __construct(string $file)
    {
        foreach (file($file, FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES) as $line) {
            $cells = explode("\t", $line);
            $values = [];
            foreach (array_slice($cells, 2) as $cell) {
                [$name, $value] = explode('=', $cell, 2);
                $values[$name] = $value;
            }
            $this->lines[$cells[0]][$cells[1]][] = $values;
        }
    }

    public function has(string $part): bool
    {
        return isset($this->lines[$part]);
    }

    /** @return list<string> */
    public function handlers(string $part): array
    {
        return array_keys($this->lines[$part] ?? []);
    }

    /** The different values of a name, in their order. @return list<string> */
    public function values(string $part, string $name): array
    {
        $values = [];
        foreach ($this->lines[$part] ?? [] as $lines) {
            array_push($values, ...array_column($lines, $name));
        }
        return array_values(array_unique($values));
    }

    /** One value for each round. @return list<float> */
    public function all(string $part, string $handler, array $where, string $name): array
    {
        $of = array_filter($this->lines[$part][$handler] ?? [], fn ($values) => array_intersect_assoc($where, $values) === $where);
        return array_map('floatval', array_column($of, $name));
    }

    public function median(string $part, string $handler, array $where, string $name): ?float
    {
        return self::quartiles($this->all($part, $handler, $where, $name))[1] ?? null;
    }

    /** First quartile, median and third quartile of the rounds. */
    public function spread(string $part, string $handler, array $where, string $name): ?array
    {
        return self::quartiles($this->all($part, $handler, $where, $name));
    }

    /** The ratio of two medians; its quartiles are those of the rounds' own ratios. */
    public function ratio(array $one, array $other): ?array
    {
        return $this->compare($one, $other, fn ($a, $b) => $a / $b);
    }

    /** The difference of two medians; its quartiles are those of the rounds' own differences. */
    public function difference(array $one, array $other): ?array
    {
        return $this->compare($one, $other, fn ($a, $b) => $a - $b);
    }

    private function compare(array $one, array $other, callable $how): ?array
    {
        [$ones, $others] = [$this->all(...$one), $this->all(...$other)];
        $rounds = min(count($ones), count($others));
        if ($rounds === 0) {
            return null;
        }
        $each = self::quartiles(array_map($how, array_slice($ones, 0, $rounds), array_slice($others, 0, $rounds)));
        return [$each[0], $how(self::quartiles($ones)[1], self::quartiles($others)[1]), $each[2]];
    }

    public static function quartiles(array $values): ?array
    {
        sort($values);
        $at = function (float $share) use ($values) {
            $place = $share * (count($values) - 1);
            [$below, $above] = [$values[(int) floor($place)], $values[(int) ceil($place)]];
            return $below + ($above - $below) * ($place - floor($place));
        };
        return $values === [] ? null : [$at(0.25), $at(0.5), $at(0.75)];
    }
}
