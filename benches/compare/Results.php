<?php

declare(strict_types=1);

/** What a run has measured: lines of part, handler, names and values; the same again in each round. */
final class Results
{
    /** @var list<array{string, string, array<string, string>}> */
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
            $this->lines[] = [$cells[0], $cells[1], $values];
        }
    }

    public function has(string $part): bool
    {
        return in_array($part, array_column($this->lines, 0), true);
    }

    /** @return list<string> */
    public function handlers(string $part): array
    {
        $of = array_filter($this->lines, fn ($line) => $line[0] === $part);
        return array_values(array_unique(array_column($of, 1)));
    }

    /** The different values of a name, in their order. @return list<string> */
    public function values(string $part, string $name): array
    {
        $of = array_filter($this->lines, fn ($line) => $line[0] === $part);
        return array_values(array_unique(array_map(fn ($line) => $line[2][$name], $of)));
    }

    /** One value for each round. @return list<float> */
    public function all(string $part, string $handler, array $where, string $name): array
    {
        $values = [];
        foreach ($this->lines as [$of, $who, $has]) {
            if ($of === $part && $who === $handler && array_intersect_assoc($where, $has) === $where && isset($has[$name])) {
                $values[] = (float) $has[$name];
            }
        }
        return $values;
    }

    public function median(string $part, string $handler, array $where, string $name): ?float
    {
        return $this->spread($part, $handler, $where, $name)[0] ?? null;
    }

    /** Median, least and greatest of the rounds. */
    public function spread(string $part, string $handler, array $where, string $name): ?array
    {
        return self::summary($this->all($part, $handler, $where, $name));
    }

    /** The same of one divided by the other, round by round: noise that both have had is gone. */
    public function ratio(array $one, array $other): ?array
    {
        return $this->compare($one, $other, fn ($a, $b) => $a / $b);
    }

    /** The same of one less the other. */
    public function difference(array $one, array $other): ?array
    {
        return $this->compare($one, $other, fn ($a, $b) => $a - $b);
    }

    private function compare(array $one, array $other, callable $how): ?array
    {
        [$ones, $others] = [$this->all(...$one), $this->all(...$other)];
        $rounds = min(count($ones), count($others));
        return self::summary(array_map($how, array_slice($ones, 0, $rounds), array_slice($others, 0, $rounds)));
    }

    private static function summary(array $values): ?array
    {
        sort($values);
        return $values === [] ? null : [$values[intdiv(count($values), 2)], $values[0], end($values)];
    }
}
