# shellcheck shell=bash disable=SC2034,SC2154 # run and its parts share variables
# What PHP has to be told to keep sessions with a handler. Sourced by run.

# Adds rsso-*-before for each rsso-* to $handlers.
with_those_before() {
    local handler
    for handler in "${handlers[@]}"; do
        [[ $handler != rsso-* ]] || handlers+=("$handler-before")
    done
}

# Sets $contenders: the handlers, and of rsso also sessions with a login, and without a lock on Redis.
with_logins() {
    local handler before
    contenders=()
    for handler in "${handlers[@]}"; do
        contenders+=("$handler")
        before=
        [[ $handler != *-before ]] || before=-before
        [[ $handler != rsso-* ]] || contenders+=("${handler%-before}-login$before")
        [[ $handler != rsso-redis* ]] || contenders+=("${handler%-before}-nolock$before")
    done
}

# Sets $own: the handlers of rsso, which alone have logins.
of_rsso() {
    local handler
    own=()
    for handler in "${handlers[@]}"; do
        [[ $handler != rsso-* ]] || own+=("$handler")
    done
}

extension_of() { # <handler>
    case $1 in
        *-before) printf '%s' "$before" ;;
        *) printf '%s' "$extension" ;;
    esac
}

# Sets $words: PHP's arguments for a handler, whose settings are in $settings; $environment: NAME=VALUE or nothing; and $server.
words_of() { # <handler>
    local setting kept='?persistent=1'
    settings=("session.use_cookies=0" "session.cache_limiter=" "session.lazy_write=1" "session.gc_probability=0")
    words=(-n -d zend_extension=opcache -d opcache.enable_cli=1)
    environment=
    server_of "$1"
    case $1 in
        echo) ;; # a page without a session
        files) settings+=("session.save_path=$work/files") ;;
        two-pings)
            words+=(-d extension=igbinary -d extension=redis)
            environment=BENCH_PINGS=$redis_port
            ;;
        phpredis-*)
            words+=(-d extension=igbinary -d extension=redis)
            # As installed it connects for each session_start(); a kept connection is asked each time whether it is one.
            [[ $1 != *-connects ]] || kept=
            settings+=(session.save_handler=redis "session.save_path=\"tcp://127.0.0.1:$redis_port$kept\"")
            [[ $1 = phpredis-nolock* ]] || settings+=(redis.session.locking_enabled=1 redis.session.lock_retries=-1)
            ;;
        memcached)
            words+=(-d extension=igbinary -d extension=msgpack -d extension=memcached)
            settings+=(session.save_handler=memcached "session.save_path=127.0.0.1:$memcached_port"
                memcached.sess_persistent=1 memcached.sess_lock_retries=1000000)
            ;;
        pdo)
            words+=(-d extension=mysqlnd -d extension=pdo -d extension=pdo_mysql)
            environment="BENCH_PDO=mysql:host=127.0.0.1;port=$mysql_port;dbname=app"
            ;;
        rsso-*) rsso_settings "$1" ;;
        *) die "unknown handler '$1'" ;;
    esac
    for setting in "${settings[@]}"; do words+=(-d "$setting"); done
}

# Two builds share no store: each has its own Redis database, MySQL database and SQLite file.
rsso_settings() { # <handler>
    local redis=$redis_dsn/0 mysql=$mysql_dsn
    [[ $1 != *-before ]] || redis=$redis_dsn/1 mysql=${mysql_dsn%/app}/before_app
    words+=(-d "extension=$(extension_of "$1")")
    settings+=(session.save_handler=rsso rsso.storm_limit=0 rsso.read_timeout=30) # a busy machine is no failure
    case $1 in
        rsso-redis*) settings+=("rsso.dsn=$redis") ;;
        rsso-mysql*) settings+=("rsso.dsn=$mysql") ;;
        rsso-sqlite*) settings+=("rsso.dsn=sqlite:$work/$1.sqlite") ;;
        *) die "unknown handler '$1'" ;;
    esac
    [[ $1 != *-nolock* ]] || settings+=(rsso.lock=0)
    [[ $1 != *-login* ]] || environment=BENCH_LOGIN=1
}

# Writes handlers, their servers and their words to a file, as turns.php and race.php take them.
contenders_to() { # <file> <handler>...
    local file=$1 handler
    shift
    for handler in "$@"; do
        words_of "$handler"
        printf '%s\t%s\t%s' "$handler" "$server" "$environment"
        printf '\t%s' "${words[@]}"
        printf '\n'
    done >"$file"
}
