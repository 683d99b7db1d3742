#!/usr/bin/env bash
# The benchmarks: the server beside the database's own limit, as ratios. With arguments: only what they name.
# BENCH_LONG=1 also searches ten times as many resources (1.2 million) and shows how searches slow down with them; with
# BENCH_DATA_DIR the loaded data are kept there and used again.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"

bash "$SETUP/build.sh"
say "building the load generator"
cargo build --release --locked --package bench --target-dir "$ROOT/target" \
    || fail "the load generator does not build" "read the compiler's first error above"
export VESTA_PACKAGES_DIR="$PACKAGES"
if [ $# -gt 0 ]; then
    exec target/release/bench "$@"
fi
target/release/bench fhirpath
target/release/bench validation
target/release/bench rest
target/release/bench transactions
target/release/bench terminology
target/release/bench audit
target/release/bench booking
if [ -n "${BENCH_LONG:-}" ]; then
    exec target/release/bench search --patients 1000,10000 --rounds 3 --window-ms 1000
fi
target/release/bench search
