#!/usr/bin/env bash
# Installs what is missing and builds target/release/vesta.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"

bash "$SETUP/tools.sh"
bash "$SETUP/postgres.sh"
bash "$SETUP/packages.sh"
say "building target/release/vesta"
cargo build --release --locked --package vesta --target-dir "$ROOT/target" \
    || fail "vesta does not build" "read the compiler's first error above"
