#!/usr/bin/env bash
# Everything that must hold, from formatting to the conformance tests; the first failure ends it.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"
. "$SETUP/server.sh"
SERVER_PROGRAM="target/debug/vesta"

export VESTA_PACKAGES_DIR="$PACKAGES"

# Each step says after how many minutes it begins.
step() { printf '\n=== %s (%d:%02d)\n' "$*" $((SECONDS / 60)) $((SECONDS % 60)); }

# refused EXPECTED VARIABLE=VALUE…: vesta stops with code 2 and one line that says why.
refused() {
    local expected="$1" said status=0
    shift
    said="$(env "$@" "$SERVER_PROGRAM" serve 2>&1)" || status=$?
    [ "$status" = 2 ] && [ "$(wc -l <<<"$said")" = 1 ] && grep -qF -- "$expected" <<<"$said" \
        || fail "with $* vesta answered $status: $said" "it must refuse with code 2 and one line: $expected"
}

step "tools, PostgreSQL, FHIR packages"
bash "$SETUP/tools.sh"
bash "$SETUP/postgres.sh"
bash "$SETUP/packages.sh"

step "scripts are well-formed"
for script in "$SETUP"/*.sh .ci/run; do bash -n "$script"; done

step "the demo clinic is what its generator makes"
node bundles/generate.mjs --check

step "every workspace's lock file is current"
for manifest in Cargo.toml conformance-tests/fhirbolt-oracle/Cargo.toml server/fhir/fuzz/Cargo.toml; do
    cargo metadata --locked --format-version 1 --manifest-path "$manifest" >/dev/null \
        || fail "the lock file beside $manifest is behind it" "run cargo metadata --manifest-path $manifest and commit the lock file"
done

step "formatting"
cargo fmt --all --check || fail "the code is not formatted" "run cargo fmt --all"

# In a fresh clone everything is built once: without the parts of incremental builds and line tables, and clippy is the
# compiler, so that nothing is read a second time only to be looked at.
if [ -n "${CI:-}" ] || [ ! -d target/debug ]; then
    export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
    # As cargo clippy calls it, and hands over its arguments.
    CLIPPY="$(rustup which clippy-driver 2>/dev/null || command -v clippy-driver || true)"
    [ -z "$CLIPPY" ] || export RUSTC_WORKSPACE_WRAPPER="$CLIPPY" CLIPPY_ARGS="-D__CLIPPY_HACKERY__warnings"
fi

step "lints"
if [ -n "${RUSTC_WORKSPACE_WRAPPER:-}" ]; then
    cargo build --workspace --all-targets --locked
else
    cargo clippy --workspace --all-targets --locked -- -D warnings
fi || fail "clippy has warnings" "mend them, or allow one with a reason"

if cargo deny --version >/dev/null 2>&1; then
    step "licences and sources of the dependencies"
    cargo deny check bans licenses sources
fi

step "Rust tests"
# One build serves the tests and the server that the conformance tests ask, with all assertions. One private PostgreSQL serves
# all tests; every test has a database of its own in it. All of the workspace is chosen, so that dependencies are built once.
cargo build --locked --workspace --bins --example with_database
# All tests of a program run in one process: what HL7 defines is read once, and not once for each of them.
target/debug/examples/with_database cargo test --workspace --locked --no-fail-fast \
    || fail "a Rust test failed" "run it alone: cargo test NAME"

if [ -f conformance-tests/fhirbolt-oracle/Cargo.toml ]; then
    step "the XML codec against its oracle"
    cargo test --manifest-path conformance-tests/fhirbolt-oracle/Cargo.toml --locked \
        --target-dir "$ROOT/target" || fail "the oracle disagrees" "read its first difference above"
fi

step "settings that must be refused"
refused "(variable VESTA_AUTH)" VESTA_AUTH=none
refused "must be a loopback address" VESTA_LISTEN=0.0.0.0:8080
refused "VESTA_LISTN is not a setting" VESTA_LISTN=127.0.0.1:1
refused "not in 1..=10000" VESTA_PAGE_SIZE=0
say "all refused with one line and code 2"

step "conformance tests against a server of their own"
start_server
target/debug/conformance --base-url "$FHIR_BASE" cases
target/debug/conformance --base-url "$FHIR_BASE" examples
TESTDATA="$ROOT/../shared/testdata"
if [ -d "$TESTDATA/synthea" ]; then
    target/debug/conformance --base-url "$FHIR_BASE" synthea --testdata "$TESTDATA"
else
    say "NOT RUN, for want of $TESTDATA/synthea: loading the Synthea Bundles"
fi
if [ -d "$TESTDATA/terminology" ]; then
    target/debug/conformance --base-url "$FHIR_BASE" terminology --testdata "$TESTDATA"
else
    say "NOT RUN, for want of $TESTDATA/terminology: HL7's tests of terminology servers"
fi
stop_server
if [ -d "$TESTDATA/search" ]; then
    # Its numbers of matches hold where there is nothing else.
    start_server
    target/debug/conformance --base-url "$FHIR_BASE" search-data --testdata "$TESTDATA"
    stop_server
else
    say "NOT RUN, for want of $TESTDATA/search: the searches of the test data"
fi

step "searches against their evaluation in memory, and walks beside writes, a short round (make soak has the long one)"
start_server
target/debug/conformance --base-url "$FHIR_BASE" search-oracle --packages-dir "$PACKAGES" --queries 3000 --complete
target/debug/conformance --base-url "$FHIR_BASE" search-walk --resources 2000 --complete
stop_server

step "SMART clients that nobody here wrote"
SERVER_PROGRAM="$SERVER_PROGRAM" bash "$SETUP/clients.sh"

step "kills and races, a short round (make soak has the long one)"
target/debug/bench soak --rounds 2 --bookings 40 --server target/debug/vesta

step "a storm of bookings at two servers, one of which is killed, a short one (make soak has the long one)"
target/debug/bench storm --seconds 6 --server target/debug/vesta

if [ -f apps/package.json ]; then
    step "web applications"
    (cd apps && npm ci --silent && npm test)
fi

step "everything passed"
