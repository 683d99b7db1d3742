#!/usr/bin/env bash
# The long proofs: kills of server and database in the middle of writes, and random inputs for the search.
. "$(dirname "${BASH_SOURCE[0]}")/console.sh"

bash "$SETUP/bench.sh" soak "$@"
bash "$SETUP/fuzz.sh"
