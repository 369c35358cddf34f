<?php
// How figures and tables are written.

declare(strict_types=1);

/** Names of columns, and rows of cells, as Markdown. */
function table(array $heads, array $rows): string
{
    $line = fn (array $cells) => '| ' . implode(' | ', $cells) . " |\n";
    $rule = array_merge([':---'], array_fill(0, count($heads) - 1, '---:'));
    return $line($heads) . $line($rule) . implode('', array_map($line, $rows));
}

/** A median, and its quartiles in parentheses. */
function spread(?array $quartiles, string $unit = ''): string
{
    return $quartiles === null ? '' : sprintf('%s%s (%s to %s)', figure($quartiles[1]), $unit, figure($quartiles[0]), figure($quartiles[2]));
}

/** A number with about three digits. */
function figure(?float $value): string
{
    return match (true) {
        $value === null => '',
        abs($value) >= 100 || $value == 0 => number_format($value),
        abs($value) >= 10 => sprintf('%.1f', $value),
        default => sprintf('%.2f', $value),
    };
}

function micro(?float $value): string
{
    return $value === null ? '' : ($value < 10 ? sprintf('%.1f', $value) : sprintf('%.0f', $value));
}

function ms(?float $value): string
{
    return $value === null ? '' : ($value < 1000 ? sprintf('%.0f ms', $value) : sprintf('%.2f s', $value / 1000));
}

function size(string $bytes): string
{
    return $bytes < 1024 ? "$bytes B" : intdiv((int) $bytes, 1024) . ' KiB';
}
