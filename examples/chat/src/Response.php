<?php

declare(strict_types=1);

namespace Chat;

/** What the browser gets. A page may load scripts and styles from here (and client.js from the gateway), none within it. */
final class Response
{
    /** @param array<string, string> $headers */
    private function __construct(
        private readonly int $status,
        private readonly array $headers,
        private readonly string $body,
    ) {
    }

    /** @param array<string, mixed> $values What the view may use. */
    public static function page(string $view, array $values, int $status = 200): self
    {
        $values += ['title' => 'rsso chat', 'visitor' => null, 'scripts' => [], 'gateway' => self::gateway()];
        $values['content'] = self::render($view, $values);
        return self::html(self::render('layout', $values), $status);
    }

    /** @param array<string, mixed> $values */
    public static function fragment(string $view, array $values): self
    {
        return self::html(self::render($view, $values), 200);
    }

    public static function json(mixed $value, int $status = 200): self
    {
        return new self(
            $status,
            ['Content-Type' => 'application/json'],
            json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES),
        );
    }

    public static function redirect(string $path): self
    {
        return new self(303, ['Location' => $path], '');
    }

    public static function nothing(): self
    {
        return new self(204, [], '');
    }

    public static function problem(int $status, string $text, ?Request $request = null): self
    {
        return $request?->wantsJson
            ? self::json(['error' => $text], $status)
            : self::page('problem', ['title' => 'rsso chat', 'text' => $text], $status);
    }

    public function send(): void
    {
        http_response_code($this->status);
        foreach ($this->headers as $name => $value) {
            header("$name: $value");
        }
        header('X-Content-Type-Options: nosniff');
        header('Referrer-Policy: same-origin');
        echo $this->body;
    }

    private static function html(string $body, int $status): self
    {
        // On another port the gateway is another origin; else 'self' says it.
        $gateway = preg_match('~^(https?)(://[^/]+)~', self::gateway(), $part)
            ? [" $part[0]", " $part[0] " . ($part[1] === 'https' ? 'wss' : 'ws') . $part[2]]
            : ['', ''];
        $policy = "default-src 'self'; script-src 'self'$gateway[0]; connect-src 'self'$gateway[1]; object-src 'none'; "
            . "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
        return new self(
            $status,
            ['Content-Type' => 'text/html; charset=utf-8', 'Content-Security-Policy' => $policy],
            $body,
        );
    }

    /** Where the gateway answers: a folder of this host, or with CHAT_GATEWAY somewhere else. */
    private static function gateway(): string
    {
        return getenv('CHAT_GATEWAY') ?: '/sso/';
    }

    /** @param array<string, mixed> $values */
    private static function render(string $view, array $values): string
    {
        extract($values, EXTR_SKIP);
        ob_start();
        try {
            require __DIR__ . "/../views/$view.php";
            return (string) ob_get_contents();
        } finally {
            ob_end_clean();
        }
    }
}
