# shellcheck shell=bash disable=SC2154 # its variables are run's
# The part with nginx and php-fpm. Sourced by run.

# A page that counts in one of 200 sessions; and in one of 8 sessions, each of which is asked for several times at once, as
# browsers do. With `echo` a page without a session.
measure_pages() {
    local round handler sessions visited=(echo "${handlers[@]}")
    servers_on "$all_cores"
    start_site
    for ((round = 1; round <= page_rounds; round++)); do
        for sessions in 200 8; do
            for handler in "${visited[@]}"; do
                page "$handler" "$sessions"
            done
        done
        say "round $round of $page_rounds"
    done
    stop "$nginx_pid"
    for fpm_pid in "${fpm_pids[@]}"; do stop "$fpm_pid"; done
    empty_stores
}

page() { # <handler> <sessions>
    local url=http://127.0.0.1:$site_port/$1/page.php workers web counts cpu=() requests seconds
    server_of "$1"
    workers=$(pgrep -d ' ' -P "$(IFS=, && echo "${fpm_pids[*]}")" -f "pool $1\$")
    web=$(pgrep -d ' ' -P "$nginx_pid")
    counts=$(counted "$url")
    cpu=("$(spent "$workers")" "$(spent "$server")" "$(spent "$web")")
    visit "$url" "$2" "${SECONDS_EACH:-2}"
    cpu+=("$(spent "$workers")" "$(spent "$server")" "$(spent "$web")")
    result pages "$1" "sessions=$2" "rate=$(awk "BEGIN { printf \"%.0f\", $requests / $seconds }")" \
        "$(awk -v n="$requests" 'BEGIN { RS = " " } { t[NR] = $1 / 1000 / n } END {
            printf "worker=%.1f\tserver=%.1f\tnginx=%.1f\tcpu=%.1f", t[4] - t[1], t[5] - t[2], t[6] - t[3],
                t[4] + t[5] + t[6] - t[1] - t[2] - t[3] }' <<<"${cpu[*]}")" \
        "lost=$(lost "$1" "$url" "$counts" "$2")"
}

# shellcheck disable=SC2086 # process ids, or none
spent() { if [ -n "$1" ]; then cpu_of $1; else echo 0; fi; } # <pids>

# How many updates are gone: of those that wrk has an answer to, but for what was under way at its end; and of 400 more, exactly.
lost() { # <handler> <url> <count before> <sessions>
    local between after gone=0
    [ "$1" != echo ] || { echo 0 && return; }
    between=$(counted "$2")
    # What was under way at wrk's end may take a while yet.
    while sleep 0.1 && after=$(counted "$2") && [ "$after" != "$between" ]; do between=$after; done
    for_each 400 "$2" "$4" | curl -sS --fail --no-progress-meter --parallel --parallel-max 16 -K - || die "$2 fails, see $work/site"
    after=$(counted "$2")
    [ "$requests" -le $((between - $3)) ] || gone=$((requests - (between - $3)))
    echo $((gone + 400 - (after - between)))
}

# The sum of all sessions' counts.
counted() { # <url>
    for_each 200 "$1?sum" 200 '\n' | curl -sS -K - | awk '{ sum += $1 } END { print sum + 0 }'
}

# So many requests for curl, which ask for one session after the other; where what to write after each is given, it is printed.
for_each() { # <requests> <url> <sessions> [end]
    local n
    for ((n = 0; n < $1; n++)); do
        [ "$n" = 0 ] || printf 'next\n'
        printf 'url = "%s"\ncookie = "PHPSESSID=bench%035d"\n' "$2" $((n % $3 + 1))
        if [ -n "${4:-}" ]; then printf 'write-out = "%s"\n' "$4"; else printf 'output = "/dev/null"\n'; fi
    done
}

# One nginx, and one php-fpm with a pool for each handler; another one for another build. Sets $nginx_pid and $fpm_pids.
start_site() {
    local handler of_before=() of_this=(echo)
    mkdir -p "$work/site"
    for handler in "${handlers[@]}"; do
        case $handler in
            *-before) of_before+=("$handler") ;;
            *) of_this+=("$handler") ;;
        esac
        location "= /$handler/page.php" "$work/site/$handler.sock"
    done >"$work/site/locations"
    location "= /echo/page.php" "$work/site/echo.sock" echo.php >>"$work/site/locations"
    fpm_pids=()
    pools "$extension" "${of_this[@]}"
    [ ${#of_before[@]} -eq 0 ] || pools "$before" "${of_before[@]}"
    start_nginx
    nginx_pid=$started_pid
}

# A php-fpm with this extension and these handlers.
pools() { # <extension> <handler>...
    local load=$1 handler conf
    shift
    conf=$(mktemp "$work/site/fpm.XXXXXX.conf")
    {
        printf '[global]\nerror_log = %s\ndaemonize = no\n' "$work/site/fpm.log"
        for handler in "$@"; do pool "$handler" 8; done
    } >"$conf"
    start_fpm "$conf" -d zend_extension=opcache -d extension=igbinary -d extension=msgpack -d extension=redis -d extension=memcached \
        -d extension=mysqlnd -d extension=pdo -d extension=pdo_mysql -d "extension=$load"
    fpm_pids+=("$fpm_pid")
}

# php-fpm takes no empty value, and of two the first counts.
pool() { # <handler> <workers>
    local setting
    words_of "$1"
    printf '[%s]\nlisten = %s\nlisten.backlog = 1024\npm = static\npm.max_children = %s\nclear_env = no\n' "$1" \
        "$work/site/$1.sock" "$2"
    [ -z "$environment" ] || printf 'env[%s] = "%s"\n' "${environment%%=*}" "${environment#*=}"
    for setting in session.use_cookies=1 "${settings[@]}"; do
        [[ $setting = *= || $setting = session.use_cookies=0 ]] || printf 'php_admin_value[%s] = %s\n' "${setting%%=*}" "${setting#*=}"
    done
}
