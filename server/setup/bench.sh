#!/usr/bin/env bash
# The benchmarks: the server beside the database's own limit, as ratios.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"

bash "$SETUP/build.sh"
say "building the load generator"
cargo build --release --locked --package bench --target-dir "$ROOT/target"
export VESTA_PACKAGES_DIR="$PACKAGES"
exec target/release/bench "$@"
