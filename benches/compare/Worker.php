<?php

declare(strict_types=1);

/** A PHP process that answers each line with a line of JSON, and rests in between. */
final class Worker
{
    /** @var resource */
    private $process;

    /** @var array<int, resource> */
    private array $pipes = [];

    /** @param list<string> $words PHP's arguments, the script's among them. */
    public function __construct(public readonly Contender $contender, array $words)
    {
        $command = [PHP_BINARY, ...$contender->words, ...$words];
        $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], STDERR], $this->pipes, null, $contender->environment());
        $this->process = $process !== false ? $process : throw new RuntimeException("{$contender->name} does not start");
    }

    public function ask(string $line): array
    {
        $this->send($line);
        return $this->answer();
    }

    public function send(string $line): void
    {
        fwrite($this->pipes[0], "$line\n");
    }

    public function answer(): array
    {
        $line = (string) fgets($this->pipes[1]);
        $answer = json_decode($line, true);
        if (!is_array($answer)) {
            fclose($this->pipes[0]);
            throw new RuntimeException("{$this->contender->name} says: $line" . substr((string) stream_get_contents($this->pipes[1]), 0, 500));
        }
        return $answer;
    }

    public function end(): void
    {
        array_map('fclose', $this->pipes);
        proc_close($this->process);
    }
}
