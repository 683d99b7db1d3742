#!/usr/bin/env bash
# The benchmarks: the server beside the database's own limit, as ratios. With arguments: only what they name.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"

bash "$SETUP/build.sh"
say "building the load generator"
cargo build --release --locked --package bench --target-dir "$ROOT/target" \
    || fail "the load generator does not build" "read the compiler's first error above"
export VESTA_PACKAGES_DIR="$PACKAGES"
if [ $# -gt 0 ]; then
    exec target/release/bench "$@"
fi
target/release/bench rest
target/release/bench transactions
