# shellcheck shell=bash disable=SC2034,SC2154 # run and its parts share variables
# The servers that sessions are kept in, the cores they run on, and the processor time that they take. Sourced by run.

start_servers() {
    PATH=$PATH:/usr/sbin
    taskset -cp "$core" $$ >/dev/null # inherited by what is started now
    open_store redis
    redis_port=$port redis_dsn=$dsn redis_pid=$started_pid
    open_store mysql
    mysql_port=$port mysql_dsn=$dsn mysql_pid=$started_pid
    mysql_password=${dsn#mysql://app:}
    mysql_password=${mysql_password%%@*}
    [ -z "$before" ] || database_before
    start_on_free_port "$work/memcached.log" memcached -l 127.0.0.1 -p PORT -U 0 -m 256 -I 2m -u "$(id -un)"
    memcached_port=$port memcached_pid=$started_pid
    all_cores=0-$(($(nproc) - 1))
    taskset -cp "$all_cores" $$ >/dev/null
    servers=("${started[@]}")
    words_of pdo
    "$php" "${words[@]}" -r "
        require '$here/PdoHandler.php';
        (new PdoHandler('mysql:host=127.0.0.1;port=$mysql_port;dbname=app', 'app', '$mysql_password'))->createTable();"
    export BENCH_PDO_USER=app BENCH_PDO_PASSWORD=$mysql_password
    mkdir "$work/files"
}

# Another build may have another schema: it gets a database of its own.
database_before() {
    mariadb --no-defaults --socket="$(dirname "$(find "$work" -name first_start.sql)")/socket" --user="$(id -un)" \
        -e "CREATE DATABASE before_app; GRANT ALL PRIVILEGES ON before_app.* TO app@'%'"
}

# Where the servers run: on the client's core, or on all, as on a site.
servers_on() { # <cores>
    local pid
    for pid in "${servers[@]}"; do taskset -acp "$1" "$pid" >/dev/null; done
}

# Client and server share one core: a round trip is then what both do. Or the client has another one, and each round trip
# wakes a core up, as between two machines.
client_on() { # one|apart
    cores=$1
    pinned=(taskset -c "$core")
    [ "$cores" = one ] || pinned=(taskset -c $(((core + 1) % $(nproc))))
}

# Nothing that one measurement has stored is in the next one's way. Tables stay: their rows are found by key.
empty_stores() {
    redis-cli -p "$redis_port" flushall >/dev/null
    find "$work/files" -type f -delete
    rm -f "$work"/rsso-*.sqlite*
}

# Sets $server: the process that keeps a handler's sessions; empty where PHP itself does.
server_of() { # <handler>
    case $1 in
        phpredis-* | rsso-redis* | two-pings) server=$redis_pid ;;
        pdo | rsso-mysql*) server=$mysql_pid ;;
        memcached) server=$memcached_pid ;;
        *) server= ;;
    esac
}

# The processor time that processes have had with all their threads, in nanoseconds.
cpu_of() { # <pid>...
    local pid
    for pid in "$@"; do cat "/proc/$pid"/task/*/schedstat; done | awk '{ sum += $1 } END { printf "%.0f", sum }'
}
