#!/usr/bin/env bash
# What people wait for in the interface, with a million leads stored: the release binary on a
# directory of its own, in Chromium, on loopback. The table is left in target/bench-ui.md.
#
#   scripts/bench-ui.sh                   all parts, on SQLite
#   scripts/bench-ui.sh filters live      these parts
#   scripts/with-postgres.sh scripts/bench-ui.sh      on PostgreSQL
#
# BENCH_UI_LEADS: how many leads are stored (1000000). BENCH_UI_DIR: keeps them there, to be used
# again. BENCH_UI_REPEATS, BENCH_UI_LIVE_S, BENCH_UI_LIVE_RATE: looks a filter, seconds and leads a
# second of the open inbox.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
export BENCH_UI_LEADS=${BENCH_UI_LEADS:-1000000}
export BENCH_OUT=${BENCH_OUT:-$CARGO_TARGET_DIR/bench-ui.md}
export BATON_BINARY=${BATON_BINARY:-$CARGO_TARGET_DIR/release/baton}
# The keys of the store that fills the directory.
export E2E_KEY=bench-key-0123456789abcdefghij
export BATON_MASTER_KEY=0101010101010101010101010101010101010101010101010101010101010101

scripts/build-ui.sh
ln -sfn ../ui/node_modules e2e/node_modules
dir=${BENCH_UI_DIR:-}
if [ -z "$dir" ]; then
  mkdir -p "$CARGO_TARGET_DIR/tmp"
  dir=$(mktemp -d "$CARGO_TARGET_DIR/tmp/bench-ui.XXXXXX")
  trap 'rm -rf "$dir"' EXIT
fi
mkdir -p "$dir"
if [ -n "${BATON_TEST_POSTGRES_URL:-}" ]; then
  psql "$BATON_TEST_POSTGRES_URL" -q -c 'CREATE DATABASE bench_ui'
  export BENCH_UI_DATABASE=${BATON_TEST_POSTGRES_URL%/*}/bench_ui
  export BENCH_FILL_DATABASE=$BENCH_UI_DATABASE
fi
if [ ! -e "$dir/filled" ]; then
  BENCH_FILL_DIR=$dir/data BENCH_MILLION=$BENCH_UI_LEADS cargo bench --locked -p baton -- fill
  [ -n "${BENCH_UI_DATABASE:-}" ] || touch "$dir/filled"
fi
cargo build --release --locked -p baton
unset BATON_TEST_POSTGRES_URL BENCH_FILL_DATABASE
export BENCH_UI_DATA=$dir/data
cd e2e
../scripts/with-node.sh node bench/ui.mjs "$@"
