<?php

declare(strict_types=1);

namespace Chat;

/** What the browser asks for. Fields are text, whatever was sent. */
final class Request
{
    /**
     * @param array<mixed> $query
     * @param array<mixed> $form
     */
    private function __construct(
        public readonly string $method,
        public readonly string $path,
        public readonly bool $wantsJson,
        public readonly bool $https,
        public readonly string $userAgent,
        private readonly array $query,
        private readonly array $form,
    ) {
    }

    public static function fromPhp(): self
    {
        return new self(
            $_SERVER['REQUEST_METHOD'] === 'HEAD' ? 'GET' : $_SERVER['REQUEST_METHOD'],
            (string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH),
            str_contains($_SERVER['HTTP_ACCEPT'] ?? '', 'application/json'),
            !in_array($_SERVER['HTTPS'] ?? '', ['', 'off'], true),
            $_SERVER['HTTP_USER_AGENT'] ?? '',
            $_GET,
            $_POST,
        );
    }

    /** A field of the form; "" where it was not sent, or is no text. */
    public function field(string $name): string
    {
        $value = $this->form[$name] ?? '';
        return is_string($value) ? $value : '';
    }

    /** A number from the form or the address; 0 for everything else. */
    public function number(string $name): int
    {
        $value = $this->form[$name] ?? $this->query[$name] ?? null;
        return max(0, (int) filter_var($value, FILTER_VALIDATE_INT));
    }
}
