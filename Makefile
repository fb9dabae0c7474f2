# Every command a person needs. CI runs the same ones.

CARGO ?= cargo
PHASE  = .ci/phase

.DEFAULT_GOAL := help
.PHONY: help run test deps tools models build release lint nextest deny load fuzz mutants bench bench-book bench-vendors test-long record-vendors

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

run: deps models build ## start the server and ring it with recorded speech (KEEP=1 leaves it running)
	@.ci/demo

test: tools models lint build nextest deny ## everything that must pass

deps: ## install what building and running need (Debian 12, as root or with sudo)
	@$(PHASE) deps .ci/deps

tools: deps ## install what testing needs as well: rustfmt, clippy, cargo-nextest, cargo-deny, zeep, redis-server
	@$(PHASE) tools .ci/deps --tools

models: ## fetch the pinned models of the embedded speech into the user's cache
	@$(PHASE) models deploy/models/fetch

# Tests and the server are built together, so that `run` and `test` share every dependency.
build: ## build the server (target/debug/attendant) and the tests
	@$(PHASE) build $(CARGO) build --locked --workspace --bins --tests

release: ## build the server for deploying and measuring (target/release/attendant)
	@$(PHASE) release $(CARGO) build --locked --release --bins

lint: ## formatting and clippy, warnings denied; the fuzz targets compile
	@$(PHASE) format $(CARGO) fmt --all --check
	@$(PHASE) fuzzers $(CARGO) check --locked --manifest-path media/fuzz/Cargo.toml --target-dir target/fuzzers
	@$(PHASE) fuzzers $(CARGO) check --locked --manifest-path tests/fuzz/Cargo.toml --target-dir target/fuzzers
	@$(PHASE) clippy $(CARGO) clippy --locked --workspace --all-targets -- -D warnings

nextest: ## the tests alone
	@NEXTEST_TEST_THREADS=$$((4 * $$(nproc))) $(PHASE) tests $(CARGO) nextest run --locked --workspace

deny: ## licences, sources and bans of dependencies
	@$(PHASE) deny .ci/deny

load: release ## 100 calls at once for two minutes against scripted providers, or simulated vendors (CALLS, RAMP, DURATION; VENDORS=1)
	@.ci/load

fuzz: deps ## fuzz what reads the wire, 60 s a target (SECONDS_EACH; TARGETS="sdp sip")
	@.ci/fuzz

mutants: ## changes in the real-time code and the call's machine that no test notices (FILES="src/call/turn.rs", SHARD=0/8)
	@.ci/mutants

record-vendors: tools ## write down what the vendors' own Python packages send (tests/golden/vendors), which `make test-long` compares
	@.ci/deps --sdks
	@RECORD=1 $(CARGO) nextest run --locked --run-ignored only -E 'test(what_each_package_sends)'

test-long: tools models release ## what is too long for every change: 20,000 simulated calls, load, fuzzing, speech (docs/measure.md)
	@.ci/test-long

bench: tools models release ## the figures of benches/README.md: a leg's slot, with its machine, their memory, voice detection, echo, embedded speech, a whole call, 100 calls
	@$(CARGO) bench --locked -p attendant-media --bench leg
	@$(CARGO) nextest run --locked -p attendant-media --no-capture -E 'binary(allocations) + binary(acoustics)'
	@$(CARGO) bench --locked --profile dev --bench machine
	@$(CARGO) nextest run --locked --test main --no-capture -E 'test(/^budget::/)'
	@$(CARGO) bench --locked -p attendant-media --bench vad
	@$(CARGO) bench --locked --profile dev --bench speech
	@ATTENDANT=target/release/attendant .ci/demo
	@.ci/load

bench-book: tools ## what attendant adds to the EMR's own time at 100 calls, and bookings a second
	@TEST_LOG=off CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_OPT_LEVEL=2 $(CARGO) nextest run --locked --test main --run-ignored only --no-capture -E 'test(what_is_added_to_the_emrs_own_time)'

bench-vendors: tools models release ## what vendors cost: 100 calls against simulated ones, then what each fault of theirs costs a caller (benches/README.md)
	@VENDORS=1 .ci/load
	@TEST_LOG=off CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_OPT_LEVEL=2 $(CARGO) nextest run --locked --test main --run-ignored only --no-capture -E 'test(what_each_fault_costs_a_caller)'
