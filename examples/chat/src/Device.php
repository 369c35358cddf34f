<?php

declare(strict_types=1);

namespace Chat;

/** What kind of device a browser is on, as far as it says so. A user is signed in once on each kind. */
final class Device
{
    public const NAMES = ['web' => 'web', 'ios' => 'iPhone', 'android' => 'Android', 'phone' => 'phone', 'pc' => 'PC'];

    /** What the sign-in page offers on top, to play several devices with one. */
    public const CHOICES = ['phone' => 'a phone', 'pc' => 'a PC'];

    private const BROWSERS = [
        'Edg' => 'Edge', 'OPR/' => 'Opera', 'Firefox/' => 'Firefox', 'FxiOS/' => 'Firefox', 'CriOS/' => 'Chrome',
        'Chrome/' => 'Chrome', 'Safari/' => 'Safari', 'curl/' => 'curl',
    ];
    private const SYSTEMS = [
        'iPhone' => 'iPhone', 'iPad' => 'iPad', 'Android' => 'Android', 'Windows' => 'Windows', 'Mac OS X' => 'macOS',
        'CrOS' => 'ChromeOS', 'Linux' => 'Linux',
    ];

    private function __construct(public readonly string $class, public readonly string $label)
    {
    }

    /** @param string $choice One of CHOICES; everything else is the device itself. */
    public static function of(string $userAgent, string $choice = ''): self
    {
        $browser = self::firstOf(self::BROWSERS, $userAgent) ?? 'A browser';
        $system = self::firstOf(self::SYSTEMS, $userAgent);
        $class = match (true) {
            isset(self::CHOICES[$choice]) => $choice,
            $system === 'iPhone', $system === 'iPad' => 'ios',
            $system === 'Android' => 'android',
            default => 'web',
        };
        return new self($class, $system === null ? $browser : "$browser on $system");
    }

    /** @param array<string, string> $names */
    private static function firstOf(array $names, string $userAgent): ?string
    {
        foreach ($names as $mark => $name) {
            if (str_contains($userAgent, $mark)) {
                return $name;
            }
        }
        return null;
    }
}
