# Commands for people. `make test` is the whole of CI.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo run test bench bench-ui fuzz soak deny clean-demo

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

demo: ## build Baton and start it with a demo campaign and the sandbox receiver
	scripts/setup.sh build
	scripts/build-ui.sh
	cargo run --release --locked -p baton -- demo

run: ## start a server with its data in ./data
	scripts/setup.sh build
	scripts/build-ui.sh
	cargo run --release --locked -p baton -- serve --data ./data

test: ## formatting, lints, samples, every test on SQLite and PostgreSQL, and the screens
	scripts/setup.sh test
	scripts/test.sh

bench: ## the benchmarks, side by side on SQLite and PostgreSQL
	scripts/setup.sh test
	BENCH_OUT=target/bench.md scripts/with-postgres.sh cargo bench --locked -p baton
	cargo bench --locked -p baton-domain

bench-ui: ## what people wait for in the interface with a million leads stored, in Chromium; fewer by BENCH_UI_LEADS
	scripts/setup.sh test
	scripts/bench-ui.sh

fuzz: ## hostile manifests, mappings, rules, templates and answers, many more than in a test run
	scripts/setup.sh build
	PROPTEST_CASES=$${FUZZ_CASES:-200000} cargo test --release --locked -p baton-domain --test it -- fuzz_

soak: ## a thousand crash rounds and ten thousand simulated lives per database, in hours; fewer by BATON_CRASH_ROUNDS and BATON_SIM_SEEDS
	scripts/setup.sh test
	BATON_CRASH_ROUNDS=$${BATON_CRASH_ROUNDS:-1000} BATON_SIM_SEEDS=$${BATON_SIM_SEEDS:-10000} \
	  scripts/with-postgres.sh \
	  cargo test --release --locked -p baton-engine -p baton --test it -- simulation crash

deny: ## the fuller licence and advisory check of cargo-deny, installed when missing
	command -v cargo-deny >/dev/null || cargo install --locked cargo-deny
	cargo deny check

clean-demo: ## throw away the demo's data
	rm -rf ./data-demo
