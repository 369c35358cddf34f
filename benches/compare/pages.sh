# shellcheck shell=bash disable=SC2154 # its variables are run's
# The parts with nginx and php-fpm. Sourced by run.

# A page that counts in one of 200 sessions, under wrk, with 2 and 8 workers; and in one of 8 sessions, each of which is asked
# for several times at once, as browsers do.
measure_pages() {
    local round handler of
    start_site
    for ((round = 1; round <= slow_rounds; round++)); do
        for of in '2 200' '8 200' '8 8'; do
            for handler in "${handlers[@]}"; do
                # shellcheck disable=SC2086 # two words
                page "$handler" $of
            done
        done
        say "round $round of $slow_rounds"
    done
}

page() { # <handler> <workers> <sessions>
    local said before after sessions=$3 url=http://127.0.0.1:$site_port/$1/$2/page.php
    before=$(counted "$url")
    said=$(wrk -t 1 -c $((2 * $2)) -d "${SECONDS_EACH:-4}s" --timeout 30s -s "$here/sessions.lua" "$url" -- "$sessions" | tail -1)
    after=$(counted "$url")
    # shellcheck disable=SC2086 # its words are arguments
    set -- "$1" "$2" $said
    [ "$5" = failed=0 ] || die "$1 with $2 workers: $said; see $work/site"
    result pages "$1" "workers=$2" "sessions=$sessions" "rate=$(awk -F '[= ]' '{ printf "%.0f", $2 / $4 }' <<<"$said")" \
        "lost=$((${3#requests=} > after - before ? ${3#requests=} - after + before : 0))"
}

# The sum of all sessions' counts.
counted() { # <url>
    local n
    for ((n = 1; n <= 200; n++)); do
        [ "$n" = 1 ] || printf 'next\n'
        printf 'url = "%s?sum"\ncookie = "PHPSESSID=bench%035d"\nwrite-out = "\\n"\n' "$1" "$n"
    done | curl -sS -K - | awk '{ sum += $1 } END { print sum + 0 }'
}

# One nginx, and one php-fpm with a pool for each handler and number of workers; another one for another build.
start_site() {
    local handler workers of_before=() of_this=()
    mkdir -p "$work/site"
    for handler in "${handlers[@]}"; do
        case $handler in
            *-before) of_before+=("$handler") ;;
            *) of_this+=("$handler") ;;
        esac
        for workers in 2 8; do
            location "= /$handler/$workers/page.php" "$work/site/$handler-$workers.sock"
        done
    done >"$work/site/locations"
    pools "$extension" "${of_this[@]}"
    [ ${#of_before[@]} -eq 0 ] || pools "${BEFORE:?}" "${of_before[@]}"
    start_nginx
}

# A php-fpm with this extension and these handlers.
pools() { # <extension> <handler>...
    local load=$1 handler workers conf
    shift
    conf=$(mktemp "$work/site/fpm.XXXXXX.conf")
    {
        printf '[global]\nerror_log = %s\ndaemonize = no\n' "$work/site/fpm.log"
        for handler in "$@"; do
            words_of "$handler"
            for workers in 2 8; do
                printf '[%s-%s]\nlisten = %s\npm = static\npm.max_children = %s\n' "$handler" "$workers" \
                    "$work/site/$handler-$workers.sock" "$workers"
                printf 'listen.backlog = 1024\nclear_env = no\n'
                [ -z "$pdo" ] || printf 'env[BENCH_PDO] = "%s"\n' "$pdo"
                pool_settings
            done
        done
    } >"$conf"
    start_fpm "$conf" -d extension=igbinary -d extension=msgpack -d extension=redis -d extension=memcached -d extension=mysqlnd \
        -d extension=pdo -d extension=pdo_mysql -d "extension=$load"
}

# php-fpm takes no empty value, and of two the first counts.
pool_settings() {
    local setting
    for setting in session.use_cookies=1 "${settings[@]}"; do
        [[ $setting = *= || $setting = session.use_cookies=0 ]] || printf 'php_admin_value[%s] = %s\n' "${setting%%=*}" "${setting#*=}"
    done
}

# php-fpm says on no port that it is there: its sockets do.
start_fpm() { # <configuration> <php argument>...
    local conf=$1 socket wait_ms
    shift
    local as_root=()
    [ "$(id -u)" -ne 0 ] || as_root=(-R)
    set -m
    "$(command -v php-fpm8.2 php-fpm | head -1)" -n "${as_root[@]}" -F -y "$conf" "$@" >"$work/fpm.out" 2>&1 &
    fpm_pid=$!
    set +m
    started+=("$fpm_pid")
    socket=$(sed -n 's/^listen = //p' "$conf" | tail -1)
    for ((wait_ms = 0; wait_ms < 10000; wait_ms += 50)); do
        [ ! -S "$socket" ] || return 0
        sleep 0.05
    done
    cat "$work/fpm.out" "$work/site/fpm.log" >&2
    die "php-fpm did not start, see above"
}

# shellcheck disable=SC2016 # nginx' variables
location() { # <what> <socket>
    printf 'location %s { fastcgi_pass unix:%s; fastcgi_param SCRIPT_FILENAME %s;' "$1" "$2" "$here/page.php"
    printf ' fastcgi_param QUERY_STRING $query_string; fastcgi_param REQUEST_METHOD $request_method;'
    printf ' fastcgi_param REQUEST_URI $request_uri; fastcgi_param HTTP_COOKIE $http_cookie; }\n'
}

# What it serves is in locations.
start_nginx() {
    local try temp port
    {
        # Its workers have to get at sockets in a directory of ours alone.
        [ "$(id -u)" -ne 0 ] || printf 'user root;\n'
        printf 'daemon off; error_log %s; pid %s; worker_processes 1;\n' "$work/site/nginx.log" "$work/site/nginx.pid"
        printf 'events { worker_connections 512; }\nhttp { access_log off;'
        for temp in client_body fastcgi proxy uwsgi scgi; do printf ' %s_temp_path %s;' $temp "$work/site/$temp"; done
        printf '\nserver { listen 127.0.0.1:PORT;\n'
        cat "$work/site/locations"
        printf '} }\n'
    } >"$work/site/nginx.conf.in"
    for try in 1 2 3 4 5; do
        port=$(free_port)
        sed "s/PORT/$port/" "$work/site/nginx.conf.in" >"$work/site/nginx.conf"
        if start_on_port "$work/nginx.out" nginx -e "$work/site/nginx.log" -c "$work/site/nginx.conf"; then
            site_port=$port
            return
        fi
    done
    cat "$work/nginx.out" "$work/site/nginx.log" >&2
    die "nginx did not start in $try tries, see above"
}

# A worker after 200 requests, with nothing but PHP's files handler, and with rsso: kilobytes.
measure_memory() {
    local round kind
    for ((round = 1; round <= rounds; round++)); do
        for kind in files rsso-sqlite rsso-redis rsso-mysql; do
            worker_memory $kind
        done
    done
}

worker_memory() { # <handler>
    local n worker
    mkdir -p "$work/site"
    words_of "$1"
    {
        printf '[global]\nerror_log = %s\ndaemonize = no\n[one]\nlisten = %s\npm = static\npm.max_children = 1\n' \
            "$work/site/fpm.log" "$work/site/one.sock"
        pool_settings
    } >"$work/site/one.conf"
    rm -f "$work/site/one.sock"
    local load=()
    [ "$1" = files ] || load=(-d "extension=$extension")
    start_fpm "$work/site/one.conf" "${load[@]}"
    location / "$work/site/one.sock" >"$work/site/locations"
    start_nginx
    local nginx_pid=$started_pid
    for ((n = 1; n <= 200; n++)); do
        [ "$n" = 1 ] || printf 'next\n'
        printf 'url = "http://127.0.0.1:%s/"\ncookie = "PHPSESSID=memory%034d"\noutput = "/dev/null"\n' "$site_port" $((n % 20))
    done | curl -sS -K -
    worker=$(pgrep -P "$fpm_pid" | head -1)
    result memory "$1" "$(awk '/^Rss:/ { printf "rss=%d\t", $2 } /^Pss:/ { printf "pss=%d\t", $2 } /^Private_Dirty:/ { printf "private=%d", $2 }' \
        "/proc/$worker/smaps_rollup")"
    stop "$nginx_pid"
    stop "$fpm_pid"
}
