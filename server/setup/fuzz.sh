#!/usr/bin/env bash
# Random inputs for the fhir crate: so many seconds (600) for each fuzz target, from what was kept.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"

SECONDS_EACH="${1:-600}"
FUZZ="$ROOT/server/fhir/fuzz"

if ! cargo fuzz --version >/dev/null 2>&1; then
    say "NOT RUN, for want of cargo-fuzz (cargo install cargo-fuzz): fuzzing"
    exit 0
fi
if ! cargo +nightly --version >/dev/null 2>&1; then
    say "NOT RUN, for want of a nightly toolchain (rustup toolchain install nightly): fuzzing"
    exit 0
fi
bash "$SETUP/packages.sh"
export VESTA_PACKAGES_DIR="$PACKAGES"

cd "$FUZZ"
for target in search_query search_path fhirpath validate narrative import_codes; do
    say "fuzzing $target for $SECONDS_EACH seconds"
    cargo run --quiet --locked --bin corpus -- expand "corpus/$target.txt" "work/$target"
    cargo +nightly fuzz run --fuzz-dir . "$target" "work/$target" -- \
        -max_total_time="$SECONDS_EACH" -max_len=400 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 -verbosity=0 \
        || fail "$target has found an input that breaks it" "it is under $FUZZ/artifacts/$target; mend the cause, and keep the input in corpus/$target.txt"
done
say "fuzzing found nothing; what is worth keeping: see server/fhir/fuzz/README.md"
