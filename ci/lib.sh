# For the lanes to source; no lane itself.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_INCREMENTAL=0 CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-never}"
# The lanes build dozens of programs in release mode and time none: link them quickly.
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16

# Where cargo puts what it builds, and a place for the lane's own files.
target=${CARGO_TARGET_DIR:-$PWD/target}
scratch=$(mktemp -d)
started=()
finish() {
    local pid
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$scratch"
}
trap finish EXIT

say() { printf -- '--- %s\n' "$*"; }

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# need COMMAND [PACKAGE]: installs what is missing.
need() {
    command -v "$1" >/dev/null && return
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    say "installing ${2:-$1}"
    "${as_root[@]}" apt-get -qq update || true
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get -qq install -y "${2:-$1}" >/dev/null ||
        fail "$1 is missing and cannot be installed"
}

# component NAME COMMAND...: installs a part of the toolchain if the command fails.
component() {
    local name=$1
    shift
    "$@" >/dev/null 2>&1 || rustup component add "$name" || fail "no $name for this toolchain"
}

# expect CODE COMMAND...: the command must exit with that code; its output goes to $scratch/out.
expect() {
    local code=$1 got=0
    shift
    "$@" >"$scratch/out" 2>&1 || got=$?
    [ "$got" = "$code" ] && return
    tail -n 20 "$scratch/out" >&2
    fail "exit code $got instead of $code: $*"
}

# said TEXT: what `expect` has run must have printed the text.
said() {
    grep -qF -- "$1" "$scratch/out" && return
    tail -n 20 "$scratch/out" >&2
    fail "not said: $1"
}

# tests_ran COMMAND...: runs cargo test, and fails if it has run no test at all.
tests_ran() {
    "$@" 2>&1 | tee "$scratch/tests"
    grep -qE '^test result: ok\. [1-9][0-9]* passed' "$scratch/tests" || fail "no test has run: $*"
}

# without NAME...: tests, or modules of tests, whose names begin so, that the lane leaves out; they go to
# ${skips[@]}.
without() {
    local name
    skips=()
    for name; do
        grep -rqE "(fn|mod) $name" --include='*.rs' runtime channel netpoll macros uncolor tests ||
            fail "no test is called $name any more"
        skips+=(--skip "$name")
    done
}

# within SECONDS COMMAND...: waits until the command succeeds.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}

# serve NAME PORT COMMAND...: starts a server, waits until it accepts; its output goes to
# $scratch/NAME, its process id to $server.
serve() {
    local name=$1 port=$2 try
    shift 2
    "$@" >"$scratch/$name" 2>&1 &
    server=$!
    started+=("$server")
    for try in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
        sleep 0.1
    done
    cat "$scratch/$name" >&2
    fail "$name does not listen on port $port"
}
