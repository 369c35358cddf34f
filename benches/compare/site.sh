# shellcheck shell=bash disable=SC2034,SC2154 # its variables are of those who source it
# A php-fpm and an nginx on free ports. Sourced by run and by benches/reloads.

# php-fpm says on no port that it is there: its sockets do.
start_fpm() { # <configuration> <php argument>...
    local conf=$1 socket wait_ms
    shift
    local as_root=()
    [ "$(id -u)" -ne 0 ] || as_root=(-R)
    set -m
    "$(matching_fpm)" -n "${as_root[@]}" -F -y "$conf" "$@" >"$work/fpm.out" 2>&1 &
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
location() { # <what> <socket> [script]
    printf 'location %s { fastcgi_pass unix:%s; fastcgi_param SCRIPT_FILENAME %s;' "$1" "$2" "$here/${3:-page.php}"
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

# Requests of 16 clients, each for one of so many sessions. Sets $requests and $seconds.
visit() { # <url> <sessions> <seconds>
    local said failed
    said=$(wrk -t 1 -c 16 -d "${3}s" --timeout 30s -s "$root/benches/compare/sessions.lua" "$1" -- "$2" | tail -1)
    read -r requests seconds failed <<<"$(sed -E 's/[a-z]+=//g' <<<"$said")"
    [ "$failed" = 0 ] || die "$1: $said; see $work/site"
}
