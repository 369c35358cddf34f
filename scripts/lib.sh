# shellcheck shell=bash disable=SC2034 # its variables are for the scripts that source it
# What scripts/phpt, scripts/conformance and scripts/demo share. Sourced, never run.
#
# Everything a script makes lies in $work, every process it starts is in $started; both are gone when it ends.
#
# From the environment: PHP, PHP_CONFIG, PHP_CGI (another PHP), RSSO_EXTENSION (another build of the extension),
# RSSO_TALLY (a file that collects "<passed> <failed>" lines, for scripts/test).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
php=$(command -v "${PHP:-php}") || { echo "no PHP here: run scripts/setup build" >&2 && exit 1; }
extension=${RSSO_EXTENSION:-${CARGO_TARGET_DIR:-$root/target}/release/librsso.so}
work=$(mktemp -d)
started=()

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

clean_up() {
    local pid
    for pid in "${started[@]}"; do
        stop "$pid"
    done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# $! leads a process group of its own when it was started under `set -m`: then its children end with it.
stop() { # <pid>
    local pid others=()
    for pid in "${started[@]}"; do
        [ "$pid" = "$1" ] || others+=("$pid")
    done
    started=("${others[@]}") # its number may soon be somebody else's
    kill -TERM -- "-$1" 2>/dev/null || kill -TERM "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

free_port() {
    # shellcheck disable=SC2016 # PHP's variables
    "$php" -n -r '$s = stream_socket_server("tcp://127.0.0.1:0"); echo substr(strrchr(stream_socket_get_name($s, false), ":"), 1);'
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Starts "$@" in the background; PORT in the words is replaced by a free port. Sets $port, and $started_pid.
# Another process may take the port in between: then the server ends at once, and the next port is tried.
start_on_free_port() { # <log> <command>...
    local log=$1 try
    shift
    for try in 1 2 3 4 5; do
        port=$(free_port)
        ! start_on_port "$log" "${@//PORT/$port}" || return 0
    done
    cat "$log" >&2
    die "'$1' did not start in $try tries, see above"
}

# Starts "$@" in the background, which is to listen to $port. Sets $started_pid; fails where nothing answers there.
start_on_port() { # <log> <command>...
    local log=$1 wait_ms
    shift
    set -m
    "$@" >"$log" 2>&1 &
    started_pid=$!
    set +m
    started+=("$started_pid")
    for ((wait_ms = 0; wait_ms < 10000; wait_ms += 50)); do
        kill -0 "$started_pid" 2>/dev/null || break
        ! answers "$port" || return 0
        sleep 0.05
    done
    stop "$started_pid"
    return 1
}

# Sets $dsn: an empty store of that kind.
open_store() { # <sqlite|redis|mysql>
    case $1 in
        sqlite)
            dsn=sqlite:$work/rsso.sqlite
            ;;
        redis)
            command -v redis-server >/dev/null || die "no redis-server here: run scripts/setup test"
            start_on_free_port "$work/redis.log" redis-server --port PORT --bind 127.0.0.1 \
                --save '' --appendonly no --dir "$work"
            dsn=redis://127.0.0.1:$port
            ;;
        mysql)
            start_mariadb
            ;;
        *) die "unknown store '$1'; there are: ${stores[*]}" ;;
    esac
}
stores=(sqlite redis mysql)

# A MariaDB with the database `app` and its user; no option file of the machine is read.
start_mariadb() {
    local dir password
    PATH=$PATH:/usr/sbin # where Debian keeps servers, and a user's PATH does not look
    command -v mariadb-install-db mariadbd >/dev/null || die "no mariadbd here: run scripts/setup test"
    dir=$(mktemp -d -p "$work")
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    mariadb-install-db --no-defaults --datadir="$dir/data" --user="$(id -un)" --skip-test-db --skip-name-resolve \
        --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)" \
        --innodb_log_file_size=8M >"$dir/install.log" 2>&1 || { cat "$dir/install.log" >&2 && die "see above"; }
    # Read before anybody is let in; read again where the first port was taken.
    cat >"$dir/first_start.sql" <<SQL
CREATE DATABASE IF NOT EXISTS app;
CREATE USER IF NOT EXISTS app@'%' IDENTIFIED BY '$password';
GRANT ALL PRIVILEGES ON app.* TO app@'%';
SQL
    start_on_free_port "$dir/log" mariadbd --no-defaults --user="$(id -un)" --datadir="$dir/data" --tmpdir="$dir" \
        --bind-address=127.0.0.1 --port=PORT --socket="$dir/socket" --pid-file="$dir/pid" --skip-name-resolve \
        --init-file="$dir/first_start.sql" --performance-schema=OFF --innodb-buffer-pool-size=16M \
        --innodb-log-file-size=8M --innodb-flush-log-at-trx-commit=2
    dsn=mysql://app:$password@127.0.0.1:$port/app
}

# A php-fpm of the version that $php has: the extension is made for that one.
matching_fpm() {
    local version name
    version=$("$php" -n -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')
    for name in "php-fpm$version" php-fpm; do
        if "$name" -n -v 2>/dev/null | grep -q "^PHP $version\."; then
            echo "$name"
            return
        fi
    done
}

need_extension() {
    [ -f "$extension" ] || die "no extension at $extension: run 'make build'"
    "$php" -n -d "extension=$extension" -r 'exit(extension_loaded("rsso") ? 0 : 1);' ||
        die "PHP does not load $extension, see above"
}

# Runs every phpt below a folder with PHP's own run-tests.php and writes "<result> TAB <path>" lines to $results.
# The empty save_path is PHP's own default; Debian's would have the tests write to the system's session folder.
# run-tests.php leaves its .diff and .log files beside the tests: give it a copy.
run_phpt() { # <folder> <run-tests option>...
    local folder=$1 run_tests
    shift
    run_tests=$(run_tests_php)
    results=$work/results
    rm -f "$results"
    NO_INTERACTION=1 REPORT_EXIT_STATUS=1 TMPDIR=$work/tmp \
        TEST_PHP_EXECUTABLE=$php TEST_PHP_CGI_EXECUTABLE=$(command -v "${PHP_CGI:-php-cgi}" || true) \
        in_folder "$folder" "$php" -n "$run_tests" -n -q --offline --no-color --no-progress -W "$results" \
        -d session.save_path= "$@" "$folder" \
        >"$work/run-tests.log" 2>&1 || true
    [ -s "$results" ] || { cat "$work/run-tests.log" >&2 && die "run-tests.php ran nothing, see above"; }
}

in_folder() { (cd "$1" && shift && "$@"); }

run_tests_php() {
    local config=${PHP_CONFIG:-php-config} path
    for path in "$("$config" --extension-dir)" "$("$config" --prefix)/lib/php"; do
        [ ! -f "$path/build/run-tests.php" ] || { echo "$path/build/run-tests.php" && return; }
    done
    die "PHP's run-tests.php is not here: run scripts/setup build"
}

# The names (relative to a folder, without .phpt) of the tests in $results with one of these results.
tests_that() { # <folder> <result>...
    local folder=$1
    shift
    awk -F '\t' -v folder="$folder/" -v wanted=" $* " '
        index(wanted, " " $1 " ") { sub(folder, "", $2); sub(/\.phpt$/, "", $2); print $2 }' "$results" | sort
}

show_failure() { # <folder> <test>
    printf '\n--- %s\n' "$2"
    { cat "$1/$2.diff" 2>/dev/null && echo; } || grep -F "$2" "$work/run-tests.log" || true
}

tally() { # <passed> <failed>
    [ -z "${RSSO_TALLY:-}" ] || echo "$1 $2" >>"$RSSO_TALLY"
}
