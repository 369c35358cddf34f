# shellcheck shell=bash disable=SC2154 # its variables are run's
# The part about logins, which only rsso has. Sourced by run.

# A login that pushes another one out: of 1, 10 and 100 that live; by eight processes at once for different users; and by 32 at
# once for one user.
measure_claims() {
    local round live handler own
    of_rsso
    [ ${#own[@]} -gt 0 ] || return 0
    for ((round = 1; round <= rounds; round++)); do
        for live in 1 10 100; do
            contenders_to "$work/contenders" "${own[@]}"
            in_turns claims "live=$live" "$here/claim.php" "$live"
        done
    done
    servers_on "$all_cores"
    for ((round = 1; round <= slow_rounds; round++)); do
        for handler in "${own[@]}"; do eight_claim "$handler"; done
    done
    race
}

eight_claim() { # <handler>
    local i pids=() began=$EPOCHREALTIME
    words_of "$1"
    for i in 1 2 3 4 5 6 7 8; do
        "$php" "${words[@]}" "$here/claim.php" 1 200 &
        pids+=($!)
    done
    for i in "${pids[@]}"; do wait "$i" || die "$1: a claim failed, see above"; done
    result claim_rate "$1" "rate=$(awk "BEGIN { printf \"%.0f\", 8 * 200 / ($EPOCHREALTIME - $began) }")"
}

race() {
    empty_stores
    contenders_to "$work/contenders" "${own[@]}"
    "$php" -n -d display_errors=stderr "$here/race.php" "$work/contenders" "$races" 32 >>"$results" || die "32 claims at once failed: see above"
    empty_stores
}
