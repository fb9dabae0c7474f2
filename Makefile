# Every command a person needs. CI runs the same ones.

CARGO ?= cargo
PHASE  = scripts/phase

.DEFAULT_GOAL := help
.PHONY: help test deps tools build lint nextest deny

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

test: tools lint build nextest deny ## everything that must pass

deps: ## install what building and running need (Debian 12, as root or with sudo)
	@$(PHASE) deps scripts/deps

tools: deps ## install what testing needs as well: cargo-nextest, cargo-deny
	@$(PHASE) tools scripts/deps --tools

# Tests and the server are built together, so that `run` and `test` share every dependency.
build: ## build the server (target/debug/attendant) and the tests
	@$(PHASE) build $(CARGO) build --locked --workspace --bins --tests

lint: ## formatting and clippy, warnings denied
	@$(PHASE) format $(CARGO) fmt --all --check
	@$(PHASE) clippy $(CARGO) clippy --locked --workspace --all-targets -- -D warnings

nextest: ## the tests alone
	@$(PHASE) tests $(CARGO) nextest run --locked --workspace

deny: ## licences, sources and bans of dependencies
	@$(PHASE) deny scripts/deny
