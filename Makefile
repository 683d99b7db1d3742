# The commands of the README. Each prints what it does and leaves nothing running.
.PHONY: help run build test bench soak

help: ## Show these commands
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

run: ## Install what is missing, build, and serve the demo clinic until Ctrl-C
	@bash server/setup/run.sh

build: ## Install what is missing and build target/release/vesta
	@bash server/setup/build.sh

test: ## Check everything, from formatting to the conformance tests
	@bash server/setup/test.sh

bench: ## Measure throughput and latency beside the database's own limit; BENCH_LONG=1 searches a million resources, too
	@bash server/setup/bench.sh

soak: ## Run the long proofs: kills in the middle of writes, random inputs and searches, long walks
	@bash server/setup/soak.sh
