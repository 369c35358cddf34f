<?php

declare(strict_types=1);

/**
 * Bars of the medians of `written` and `unchanged` at one size, as SVG, for light and dark pages. Null where a run has not
 * both; another build is not in it.
 */
function bars(Results $results, string $bytes): ?string
{
    [$left, $width, $bar, $gap] = [150, 700, 14, 12];
    $values = [];
    foreach ($results->handlers('session') as $handler) {
        $of = fn ($workload) => $results->median('session', $handler, ['cores' => 'apart', 'workload' => $workload, 'bytes' => $bytes], 'p50');
        $both = ['written' => $of('written'), 'unchanged' => $of('unchanged')];
        if (!in_array(null, $both, true) && !str_ends_with($handler, '-before')) {
            $values[$handler] = $both;
        }
    }
    if ($values === []) {
        return null;
    }
    $most = max(array_map('max', $values));
    $scale = ($width - $left - 70) / $most;
    $height = 50 + count($values) * (2 * $bar + $gap);
    $y = 44;
    $body = '';
    foreach ($values as $handler => $of) {
        $body .= sprintf("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", $left - 8, $y + $bar + 4, htmlspecialchars($handler));
        foreach ($of as $workload => $value) {
            $own = str_starts_with($handler, 'rsso') ? ' own' : '';
            $body .= sprintf("<rect class=\"%s%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", $workload, $own, $left, $y, max(1, $value * $scale), $bar - 1);
            $body .= sprintf("<text class=\"value\" x=\"%.1f\" y=\"%d\">%s µs</text>\n", $left + 6 + $value * $scale, $y + $bar - 3, micro($value));
            $y += $bar;
        }
        $y += $gap;
    }
    $kib = intdiv((int) $bytes, 1024);
    return <<<SVG
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $width $height" role="img" aria-label="Median of one session of $kib KiB by handler, written and unchanged">
        <style>
        text { font: 13px system-ui, sans-serif; fill: #24292f }
        .value { font-size: 11px }
        .written { fill: #8c959f } .unchanged { fill: #d0d7de }
        .written.own { fill: #0969da } .unchanged.own { fill: #80bfff }
        @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .written { fill: #6e7681 } .unchanged { fill: #484f58 } .written.own { fill: #4493f8 } .unchanged.own { fill: #1f6feb } }
        </style>
        <text x="$left" y="18">One session of $kib KiB, client and server on two cores, median: written (dark), unchanged (light)</text>
        $body</svg>

        SVG;
}
