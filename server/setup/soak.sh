#!/usr/bin/env bash
# The long proofs: kills in the middle of writes, a storm of bookings, random inputs for the search, calendars against clocks, searches against their evaluation in memory, walks beside writes.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"
. "$SETUP/server.sh"

bash "$SETUP/bench.sh" soak "$@"
bash "$SETUP/bench.sh" storm --seconds 60 --complete
bash "$SETUP/fuzz.sh"

say "calendars against what clocks show, minute by minute"
(cd "$ROOT" && PROPTEST_CASES="${PROPTEST_CASES:-200000}" cargo test --release --locked --package fhir --lib \
    --target-dir "$ROOT/target" scheduling::tests::brute) \
    || fail "a calendar is open at other times than its clock shows" "the made-up calendar is printed above"

say "building the conformance tests"
cargo build --release --locked --package conformance-tests --target-dir "$ROOT/target" \
    || fail "the conformance tests do not build" "read the compiler's first error above"

# Every run asks other questions; the seed that is printed asks the same again.
seed="${SEARCH_SEED:-$(date +%Y%m%d%H)}"
say "searches against their evaluation in memory: SEARCH_SEED=$seed"
start_server
target/release/conformance --base-url "$FHIR_BASE" search-oracle --packages-dir "$PACKAGES" \
    --queries 100000 --patients 150 --seed "$seed" --complete
target/release/conformance --base-url "$FHIR_BASE" search-walk --resources 10000 --seed "$seed" --complete
stop_server
