# shellcheck shell=bash disable=SC2154 # its variables are run's
# The parts about sessions alone, without a web server. Sourced by run.

measure_session() {
    local round cores_of workload size
    for ((round = 1; round <= rounds; round++)); do
        for cores_of in one apart; do
            client_on "$cores_of"
            for workload in "${workloads[@]}"; do
                [[ $cores = one || $workload =~ ^(written|unchanged)$ ]] || continue
                contenders_of "$workload"
                contenders_to "$work/contenders" "${contenders[@]}"
                for size in "${sizes[@]}"; do
                    in_turns session "workload=$workload bytes=$size" "$here/session.php" "$workload" "$size"
                done
            done
        done
        say "round $round of $rounds"
    done
}

# Sets $contenders: what does nothing stands beside what is written. A new session has no login yet; and of one that rotates
# its id a thousand times a second all ids of the grace period would be the login's.
contenders_of() { # <workload>
    case $1 in
        written)
            with_logins
            contenders+=(two-pings)
            ;;
        new | regenerate) contenders=("${handlers[@]}") ;;
        *) with_logins ;;
    esac
}

# The workers of all contenders take turns; each is one process, pinned to the client's core.
in_turns() { # <part> <names and values> <script> <word>...
    "${pinned[@]}" "$php" -n -d display_errors=stderr "$here/turns.php" "$work/contenders" "$turns" "$count" "$1" "cores=$cores $2" "${@:3}" >"$work/lines" ||
        die "$1 failed, $2: see above"
    cat "$work/lines" >>"$results"
    empty_stores
}

# Only what tells a session on Redis from two round trips that do nothing.
measure_ping() {
    local handlers=(rsso-redis) workloads=(written) sizes=(2048)
    [ -z "$before" ] || with_those_before
    measure_session
}

# Eight processes, and one session.
measure_contention() {
    local round handler
    servers_on "$all_cores"
    for ((round = 1; round <= contention_rounds; round++)); do
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
    contend "$id" make
    for i in 1 2 3 4 5 6 7 8; do
        contend "$id" add >"$dir/$i" 2>&1 &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || die "$1: $(cat "$dir"/*)"; done
    # shellcheck disable=SC2016 # PHP's variables
    result contention "$1" "kept=$(contend "$id" sum)" \
        "$("$php" -n -r '
            $all = array_map(fn ($file) => json_decode(file_get_contents($file), true) ?? exit("slowest=0"), array_slice($argv, 1));
            $of = fn ($name) => array_column($all, $name);
            $total = max($of("ended")) - min($of("began"));
            printf("slowest=%.1f\ttotal=%.1f\tstretch=%.4f", max($of("slowest")) / 1e6, $total / 1e6, $total / array_sum($of("held")));' "$dir"/*)"
}

contend() { env "${environment:-NONE=}" "$php" "${words[@]}" "$here/contend.php" "$@"; } # <id> make|add|sum

# rsso.compress, with what a site keeps in a session: lists of things, as text.
measure_compression() {
    local round how size
    for ((round = 1; round <= rounds; round++)); do
        for size in 20480 204800; do
            for how in off zstd lz4; do
                compressed "$how" "$size"
            done
        done
    done
}

compressed() { # <how> <bytes>
    local key
    words_of rsso-redis
    printf '%s\t%s\tBENCH_TEXT=1' "$1" "$server" >"$work/contenders"
    printf '\t%s' "${words[@]}" -d "rsso.compress=\"$1\"" >>"$work/contenders"
    "${pinned[@]}" "$php" -n -d display_errors=stderr "$here/turns.php" "$work/contenders" "$turns" "$count" compression "bytes=$2" "$here/session.php" \
        written "$2" >"$work/lines" || die "rsso.compress=$1 failed: see above"
    key=$(redis-cli -p "$redis_port" --scan --pattern 'rsso:*:d')
    printf '%s\tstored=%s\n' "$(<"$work/lines")" "$(redis-cli -p "$redis_port" strlen "$key")" >>"$results"
    empty_stores
}

# How many sessions Redis holds: memory of each (200 bytes of data), and what one that is written then takes.
measure_scale() {
    local live empty each
    for live in ${LIVE:-10000 100000 1000000 5000000}; do
        empty_stores
        empty=$(redis_memory)
        words_of rsso-redis
        "$php" "${words[@]}" -d extension=igbinary -d extension=redis "$here/populate.php" "$redis_port" "$live" 200 |
            redis-cli -p "$redis_port" --pipe >/dev/null
        [ "$(redis-cli -p "$redis_port" dbsize)" -ge "$live" ] || die "Redis did not take $live sessions"
        each=$((($(redis_memory) - empty) / live))
        contenders_to "$work/contenders" rsso-redis
        in_turns scale "live=$live each=$each" "$here/session.php" written 200
    done
}

redis_memory() { redis-cli -p "$redis_port" info memory | tr -d '\r' | sed -n 's/^used_memory://p'; }

# Redis' own processor time for a session, with four clients at it: what one server carries.
measure_server() {
    local round workload handler
    servers_on "$all_cores"
    for ((round = 1; round <= slow_rounds; round++)); do
        for workload in written unchanged; do
            for handler in phpredis-nolock phpredis-lock rsso-redis rsso-redis-login; do
                four_clients "$handler" "$workload"
            done
        done
    done
}

four_clients() { # <handler> <workload>
    local i pids=() taken
    words_of "$1"
    taken=$(cpu_of "$redis_pid")
    for i in 1 2 3 4; do
        env "${environment:-NONE=}" "$php" "${words[@]}" "$here/session.php" "$2" 2048 <<<"500 2000" >"$work/server.$i" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i"; done
    ! grep -vq '^{' "$work"/server.? || die "$1: $(grep -hv '^{' "$work"/server.? | head -1)"
    result server "$1" "workload=$2" "cpu=$(awk "BEGIN { printf \"%.2f\", ($(cpu_of "$redis_pid") - $taken) / 1000 / 4 / 2500 }")"
}

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
            result start $kind "p50=$(sort -n "$work/took" | sed -n 15p)"
        done
    done
    strip -o "$work/stripped.so" "$extension"
    result size librsso.so "bytes=$(stat -c %s "$work/stripped.so")"
}
