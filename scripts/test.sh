#!/usr/bin/env bash
# Everything `make test` checks, cheapest first; the last lines are the test runner's summary.
set -euo pipefail
cd "$(dirname "$0")/.."

# A trace of each panic makes the report of a failure too long to read; for one test, ask for it.
export RUST_BACKTRACE=0

step() { printf '\n== %s\n' "$*"; }

step "formatting"
cargo fmt --all --check
step "the interface: types, lints, tests, build, size"
scripts/build-ui.sh check
step "lints, warnings denied"
cargo clippy --locked --workspace --all-targets -- -D warnings
step "signature samples in their own languages"
scripts/verify-samples.sh

step "the screens, in a browser, against the real binary"
scripts/e2e.sh

if cargo nextest --version >/dev/null 2>&1; then
  step "tests on SQLite and PostgreSQL (nextest)"
  scripts/with-postgres.sh cargo nextest run --locked --workspace
else
  step "tests on SQLite and PostgreSQL (cargo test; cargo-nextest is not installed)"
  scripts/with-postgres.sh cargo test --locked --workspace --all-targets
fi
