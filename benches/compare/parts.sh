# shellcheck shell=bash disable=SC2154 # its variables are run's
# The parts that need no web server. Sourced by run.

measure_session() {
    local round cores workload size handler
    for ((round = 1; round <= rounds; round++)); do
        for cores in one apart; do
            client_on "$cores"
            for workload in "${workloads[@]}"; do
                [[ $cores = one || $workload =~ ^(written|unchanged)$ ]] || continue
                for size in "${sizes[@]}"; do
                    for handler in "${handlers[@]}"; do
                        session "$handler" "$workload" "$size"
                    done
                done
            done
        done
        say "round $round of $rounds"
    done
    client_on one
}

# Client and server share one core: a round trip is then what both do. Or the client has another one, and each round trip
# wakes a core up, as between two machines.
client_on() { # one|apart
    cores=$1
    pinned=(taskset -c "$core")
    [ "$cores" = one ] || pinned=(taskset -c $((core + 1)))
}

session() { # <handler> <workload> <size>
    words_of "$1"
    BENCH_PDO=$pdo "${pinned[@]}" "$php" "${words[@]}" "$here/session.php" "$2" "$3" "$count" >"$work/took" ||
        die "$1 failed: $(head -c 300 "$work/took")"
    grep -qvE '^[0-9.]+$' "$work/took" && die "$1, $2, $3: $(grep -vE '^[0-9.]+$' "$work/took" | head -c 300)"
    result session "$1" "cores=$cores" "workload=$2" "bytes=$3" "p50=$(percentile 50)" "p99=$(percentile 99)"
}

percentile() { sort -n "$work/took" | awk -v p="$1" '{ t[NR] = $1 } END { i = int(NR * p / 100 + 0.5); print t[i < 1 ? 1 : i] }'; }

# Two round trips that do nothing, from PHP, with phpredis: the least that any handler with a lock can cost.
measure_ping() {
    local round cores
    for ((round = 1; round <= rounds; round++)); do
        for cores in one apart; do
            client_on $cores
            "${pinned[@]}" "$php" -n -d extension=igbinary -d extension=redis "$here/ping.php" "$redis_port" "$count" >"$work/took"
            result ping two-pings "cores=$cores" "p50=$(percentile 50)" "p99=$(percentile 99)"
            session rsso-redis written 2048
            sed -i '$ s/^session\t/ping\t/' "$results"
        done
    done
    client_on one
}

# Eight processes, and one session.
measure_contention() {
    local round handler
    for ((round = 1; round <= slow_rounds; round++)); do
        for handler in "${handlers[@]}"; do
            # Without a lock most of it is lost, and nobody waits.
            [[ $handler = phpredis-nolock* ]] || contention "$handler"
        done
    done
}

contention() { # <handler>
    local id pids=() i dir
    dir=$(mktemp -d -p "$work")
    id=contend$RANDOM$RANDOM$RANDOM
    words_of "$1"
    # It exists: eight that make one row at once deadlock in a handler whose lock is a transaction.
    BENCH_PDO=$pdo "$php" "${words[@]}" "$here/contend.php" "$id" make
    for i in 1 2 3 4 5 6 7 8; do
        BENCH_PDO=$pdo "$php" "${words[@]}" "$here/contend.php" "$id" add >"$dir/$i" 2>&1 &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || die "$1: $(cat "$dir"/*)"; done
    # shellcheck disable=SC2016 # PHP's variables
    result contention "$1" "kept=$(BENCH_PDO=$pdo "$php" "${words[@]}" "$here/contend.php" "$id" sum)" \
        "$("$php" -n -r '
            $all = array_map(fn ($file) => json_decode(file_get_contents($file), true) ?? exit("slowest=0"), array_slice($argv, 1));
            $of = fn ($name) => array_column($all, $name);
            printf("slowest=%.1f\theld=%.1f\ttotal=%.1f", max($of("slowest")) / 1e6, array_sum($of("held")) / 1e6,
                (max($of("ended")) - min($of("began"))) / 1e6);' "$dir"/*)"
}

# A login that pushes another one out: one process, and eight at once for different users.
measure_claims() {
    local round handler i pids began
    for ((round = 1; round <= rounds; round++)); do
        for handler in "${handlers[@]}"; do
            [[ $handler = rsso-* ]] || continue
            words_of "$handler"
            words+=(-d rsso.storm_limit=0)
            "$php" "${words[@]}" "$here/claim.php" "user$RANDOM" "$count" >"$work/took"
            began=$EPOCHREALTIME pids=()
            for i in 1 2 3 4 5 6 7 8; do
                "$php" "${words[@]}" "$here/claim.php" "user$RANDOM$i" "$count" >"$work/claims.$i" &
                pids+=($!)
            done
            for i in "${pids[@]}"; do wait "$i"; done
            result claims "$handler" "p50=$(percentile 50)" "p99=$(percentile 99)" \
                "rate=$(awk "BEGIN { printf \"%.0f\", 8 * $count / ($EPOCHREALTIME - $began) }")"
        done
    done
}

# rsso.compress, with what a site keeps in a session: lists of things, as text.
measure_compression() {
    local round how size key
    for ((round = 1; round <= rounds; round++)); do
        for size in 20480 204800; do
            for how in off zstd lz4; do
                redis-cli -p "$redis_port" flushall >/dev/null
                words_of rsso-redis
                words+=(-d "rsso.compress=$how")
                BENCH_TEXT=1 "${pinned[@]}" "$php" "${words[@]}" "$here/session.php" written "$size" "$count" >"$work/took"
                key=$(redis-cli -p "$redis_port" --scan --pattern 'rsso:*:d')
                result compression "$how" "bytes=$size" "p50=$(percentile 50)" "p99=$(percentile 99)" \
                    "stored=$(redis-cli -p "$redis_port" strlen "$key")"
            done
        done
    done
    redis-cli -p "$redis_port" flushall >/dev/null
}

# How many sessions Redis holds: memory of each (200 bytes of data), and what one that is written then takes.
measure_scale() {
    local n before
    for n in ${LIVE:-10000 100000 1000000 5000000}; do
        redis-cli -p "$redis_port" flushall >/dev/null
        before=$(redis_memory)
        "$php" -n "$here/populate.php" "$n" 200 | redis-cli -p "$redis_port" --pipe >/dev/null
        [ "$(redis-cli -p "$redis_port" dbsize)" = "$n" ] || die "Redis did not take $n sessions"
        words_of rsso-redis
        "${pinned[@]}" "$php" "${words[@]}" "$here/session.php" written 200 "$count" >"$work/took"
        result scale rsso-redis "live=$n" "each=$((($(redis_memory) - before) / n))" "p50=$(percentile 50)" "p99=$(percentile 99)"
    done
    redis-cli -p "$redis_port" flushall >/dev/null
}

# Redis' own processor time for a session, with four clients at it: what one server carries.
measure_server() {
    local round workload before i pids
    for ((round = 1; round <= slow_rounds; round++)); do
        for workload in written unchanged; do
            words_of rsso-redis
            before=$(redis_cpu) pids=()
            for i in 1 2 3 4; do
                "$php" "${words[@]}" "$here/session.php" $workload 2048 5000 >"$work/server.$i" &
                pids+=($!)
            done
            for i in "${pids[@]}"; do wait "$i"; done
            # session.php warms up with a tenth more.
            result server rsso-redis "workload=$workload" "cpu=$(awk "BEGIN { printf \"%.2f\", ($(redis_cpu) - $before) * 1e6 / 4 / 5500 }")"
        done
    done
}

redis_cpu() {
    redis-cli -p "$redis_port" info cpu | tr -d '\r' | awk -F : '/^used_cpu_(sys|user):/ { sum += $2 } END { printf "%.6f", sum }'
}

redis_memory() { redis-cli -p "$redis_port" info memory | tr -d '\r' | sed -n 's/^used_memory://p'; }

# What the extension adds to `php -v`, and how large it is.
measure_start() {
    local round i kind began
    for ((round = 1; round <= rounds; round++)); do
        for kind in without with; do
            local load=()
            [ $kind = without ] || load=(-d "extension=$extension")
            for ((i = 0; i < 30; i++)); do
                began=$EPOCHREALTIME
                "${pinned[@]}" "$php" -n "${load[@]}" -v >/dev/null
                awk "BEGIN { printf \"%.1f\\n\", ($EPOCHREALTIME - $began) * 1e6 }"
            done >"$work/took"
            result start $kind "p50=$(percentile 50)" "p99=$(percentile 99)"
        done
    done
    strip -o "$work/stripped.so" "$extension"
    result size librsso.so "bytes=$(stat -c %s "$work/stripped.so")"
}
