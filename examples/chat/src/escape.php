<?php
// What the views say everything with.

declare(strict_types=1);

namespace Chat;

/** Text for HTML, in elements and in quoted attributes. */
function e(string|int|null $text): string
{
    return htmlspecialchars((string) $text, ENT_QUOTES | ENT_SUBSTITUTE | ENT_HTML5);
}

/** A time as the server's clock says it; times.js makes it the browser's. */
function time_tag(int $at): string
{
    return sprintf('<time datetime="%s">%s</time>', gmdate('Y-m-d\TH:i:s\Z', $at), date('H:i', $at));
}

/** The first character of a name, whatever it is made of. */
function initial(string $name): string
{
    return preg_match('/^\X/u', $name, $found) ? $found[0] : '?';
}

/** A place where somebody is signed in, as people call it. */
function device_name(string $device): string
{
    return Device::NAMES[$device] ?? $device;
}
