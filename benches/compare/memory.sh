# shellcheck shell=bash disable=SC2034,SC2154 # its variables are run's
# The part about a worker's memory. Sourced by run.

# Eight workers after a second of requests, with nothing but PHP's files handler, and with rsso: kilobytes of one.
measure_memory() {
    local round handler own
    of_rsso
    mkdir -p "$work/site"
    for ((round = 1; round <= rounds; round++)); do
        for handler in files "${own[@]}"; do
            workers_memory "$handler"
        done
    done
}

workers_memory() { # <handler>
    local nginx_pid load=() requests seconds
    {
        printf '[global]\nerror_log = %s\ndaemonize = no\n' "$work/site/fpm.log"
        pool "$1" 8
    } >"$work/site/memory.conf"
    [ "$1" = files ] || load=(-d "extension=$(extension_of "$1")")
    start_fpm "$work/site/memory.conf" -d zend_extension=opcache "${load[@]}"
    location / "$work/site/$1.sock" >"$work/site/locations"
    start_nginx
    nginx_pid=$started_pid
    visit "http://127.0.0.1:$site_port/" 200 1
    result memory "$1" "$(pgrep -P "$fpm_pid" | sed 's,.*,/proc/&/smaps_rollup,' | xargs cat | awk '
        /^Pss:/ { pss += $2; workers++ }
        /^Private_Dirty:/ { private += $2 }
        END { printf "pss=%.1f\tprivate=%.1f", pss / workers, private / workers }')"
    stop "$nginx_pid"
    stop "$fpm_pid"
    rm -f "$work/site/$1.sock"
}
