<?php

declare(strict_types=1);

/** A handler as it is measured: PHP's words for it, and the server that keeps its sessions. */
final class Contender
{
    /** @param list<string> $words */
    private function __construct(
        public readonly string $name,
        private readonly string $server,
        private readonly string $environment,
        public readonly array $words,
    ) {
    }

    /** @return list<self> */
    public static function all(string $file): array
    {
        $all = [];
        foreach (file($file, FILE_IGNORE_NEW_LINES) as $line) {
            $cells = explode("\t", $line);
            $all[] = new self($cells[0], $cells[1], $cells[2], array_slice($cells, 3));
        }
        return $all;
    }

    /** @return array<string, string> */
    public function environment(): array
    {
        [$name, $value] = explode('=', $this->environment, 2) + [1 => ''];
        return ($name === '' ? [] : [$name => $value]) + getenv();
    }

    /** The processor time that the server's threads have had, in microseconds. */
    public function serverTime(): float
    {
        $nanoseconds = 0;
        foreach ($this->server === '' ? [] : glob("/proc/{$this->server}/task/*/schedstat") as $file) {
            $nanoseconds += (int) @file_get_contents($file); // the first of its numbers; a thread may have ended
        }
        return $nanoseconds / 1000;
    }
}
