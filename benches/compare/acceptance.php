<?php
// What a run is held to, once and here. Each line: what is compared; how (`ratio` and `difference` of two medians, `value`, or
// `sum` of all rounds); its operands; and the bound. report.php prints them beside what was measured.

declare(strict_types=1);

return (function () {
    $took = fn ($handler, $workload, $bytes = '2048', $cores = 'one') => ['session', $handler, ['cores' => $cores, 'workload' => $workload, 'bytes' => $bytes], 'p50'];
    $server = fn ($handler) => ['session', $handler, ['cores' => 'one', 'workload' => 'written', 'bytes' => '2048'], 'server'];
    $contention = fn ($handler, $name) => ['contention', $handler, [], $name];
    $rate = fn ($handler, $sessions) => ['pages', $handler, ['sessions' => $sessions], 'rate'];
    $memory = fn ($handler, $name) => ['memory', $handler, [], $name];
    $claim = fn ($handler, $live) => ['claims', $handler, ['live' => $live], 'p50'];

    $bounds = [
        ['redis, written, 2 KiB, to phpredis with lock', 'ratio', $took('rsso-redis', 'written'), $took('phpredis-lock', 'written'), '≤', 0.55],
        ['redis, written, 2 KiB, to phpredis without lock', 'ratio', $took('rsso-redis', 'written'), $took('phpredis-nolock', 'written'), '≤', 0.90],
        ['redis, written, 2 KiB, to memcached', 'ratio', $took('rsso-redis', 'written'), $took('memcached', 'written'), '≤', 0.85],
        ['redis, written, 2 KiB, to two PINGs', 'ratio', $took('rsso-redis', 'written'), $took('two-pings', 'written'), '≤', 1.55],
        ['redis, unchanged, 2 KiB, to phpredis with lock', 'ratio', $took('rsso-redis', 'unchanged'), $took('phpredis-lock', 'unchanged'), '≤', 0.47],
        ['redis, new, 2 KiB, to phpredis without lock', 'ratio', $took('rsso-redis', 'new'), $took('phpredis-nolock', 'new'), '≤', 0.55],
        ['redis, written, 20 KiB, to phpredis with lock', 'ratio', $took('rsso-redis', 'written', '20480'), $took('phpredis-lock', 'written', '20480'), '≤', 0.60],
        ['redis, written, 200 KiB, to phpredis with lock', 'ratio', $took('rsso-redis', 'written', '204800'), $took('phpredis-lock', 'written', '204800'), '≤', 0.70],
        ['redis with a login, written, 2 KiB, to phpredis without lock', 'ratio', $took('rsso-redis-login', 'written'), $took('phpredis-nolock', 'written'), '≤', 1.0],
        ["Redis' processor time, written, 2 KiB, to phpredis without lock", 'ratio', $server('rsso-redis'), $server('phpredis-nolock'), '≤', 1.0],
        ['mysql, written, 2 KiB, to the PDO handler', 'ratio', $took('rsso-mysql', 'written'), $took('pdo', 'written'), '≤', 0.75],
        ['sqlite, written, 2 KiB: microseconds over files', 'difference', $took('rsso-sqlite', 'written'), $took('files', 'written'), '≤', 11],
    ];
    foreach (['phpredis-nolock', 'phpredis-nolock-connects', 'memcached', 'rsso-redis'] as $other) {
        $bounds[] = ["$other on two cores, written, 2 KiB, to sqlite", 'ratio', $took($other, 'written', cores: 'apart'), $took('rsso-sqlite', 'written', cores: 'apart'), '≥', 5];
    }
    array_push(
        $bounds,
        ['pages, 200 sessions, redis, to phpredis with lock', 'ratio', $rate('rsso-redis', '200'), $rate('phpredis-lock', '200'), '≥', 1.25],
        ['pages, 200 sessions, redis, to phpredis without lock', 'ratio', $rate('rsso-redis', '200'), $rate('phpredis-nolock', '200'), '≥', 1.0],
        ['pages, 8 sessions, redis, to phpredis with lock', 'ratio', $rate('rsso-redis', '8'), $rate('phpredis-lock', '8'), '≥', 1.15],
        ['contention, redis, total to sum of holding', 'value', $contention('rsso-redis', 'stretch'), null, '≤', 1.12],
        ['contention, sqlite, total to sum of holding', 'value', $contention('rsso-sqlite', 'stretch'), null, '≤', 1.1],
        ["contention, mysql, total to sum of holding, to the PDO handler's", 'ratio', $contention('rsso-mysql', 'stretch'), $contention('pdo', 'stretch'), '≤', 1.05],
    );
    foreach (['redis', 'mysql', 'sqlite'] as $store) {
        $bounds[] = ["contention, $store, slowest wait, to files'", 'ratio', $contention("rsso-$store", 'slowest'), $contention('files', 'slowest'), '≤', 1.5];
    }
    foreach (['redis', 'mysql', 'sqlite'] as $store) {
        $bounds[] = ["pages, $store: updates lost", 'sum', ['pages', "rsso-$store", [], 'lost'], null, '≤', 0];
        $bounds[] = ["worker, $store, private and dirty: KiB over one without", 'difference', $memory("rsso-$store", 'private'), $memory('files', 'private'), '≤', 0.2 * 1024];
        $bounds[] = ["worker, $store, PSS of eight: KiB over one without", 'difference', $memory("rsso-$store", 'pss'), $memory('files', 'pss'), '≤', 0.4 * 1024];
        foreach (['1', '10', '100'] as $live) {
            $bounds[] = ["claim, $store, $live live, to the build before", 'ratio', $claim("rsso-$store", $live), $claim("rsso-$store-before", $live), '≤', $store === 'redis' ? 1.6 : 1.0];
        }
        $bounds[] = ["32 claims at once, $store: rounds with one live", 'ratio', ['race', "rsso-$store", [], 'one'], ['race', "rsso-$store", [], 'rounds'], '≥', 1];
        $bounds[] = ["32 claims at once, $store: 31 told", 'ratio', ['race', "rsso-$store", [], 'told'], ['race', "rsso-$store", [], 'wanted'], '≥', 1];
    }
    $bounds[] = ['librsso.so, stripped: bytes', 'value', ['size', 'librsso.so', [], 'bytes'], null, '≤', 6 * 1024 * 1024];
    $bounds[] = ['start: microseconds over PHP without', 'difference', ['start', 'with', [], 'p50'], ['start', 'without', [], 'p50'], '≤', 3000];
    return $bounds;
})();
