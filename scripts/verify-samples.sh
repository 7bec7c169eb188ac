#!/usr/bin/env bash
# Runs the signature samples of docs/samples/verify whose interpreter is here, and holds the same
# vectors against the Standard Webhooks libraries of npm and PyPI. The last line says which ran.
#
#   scripts/verify-samples.sh [vectors.json]
#
# The libraries are fetched by npm and pip. Where they cannot be fetched this is said and passed
# over, unless BATON_REQUIRE_PEERS=1. The Rust sample runs among the tests of the `baton` crate.
set -euo pipefail
cd "$(dirname "$0")/.."
samples=docs/samples/verify
vectors=$(realpath "${1:-$samples/vectors.json}")
work=${CARGO_TARGET_DIR:-target}/verify-peers
mkdir -p "$work"
work=$(realpath "$work")

ran=()
not=()
have() { command -v "$1" >/dev/null 2>&1; }
run() { # run <name> <program> <argument...>
  local name=$1
  shift
  if ! have "$1"; then
    not+=("$name (no $1 here)")
    return
  fi
  "$@"
  ran+=("$name")
}

run page node "$samples/peers/page.mjs" "$vectors"
run node node "$samples/node.mjs" "$vectors"
run python python3 "$samples/python.py" "$vectors"
run php php "$samples/php.php" "$vectors"
run go go run "$samples/go/main.go" "$vectors"

not_fetched() { # not_fetched <name> <log>
  if [ "${BATON_REQUIRE_PEERS:-}" = 1 ]; then
    tail -n 20 "$2" >&2
    exit 1
  fi
  not+=("$1 (could not be fetched, see $2)")
}

peers_node() {
  have node && have npm || { not+=("standardwebhooks of npm (no npm here)") && return; }
  mkdir -p "$work/node"
  cp "$samples"/peers/{package.json,package-lock.json,.npmrc,check.mjs,page.mjs} "$work/node/"
  if ! npm ci --prefix "$work/node" --ignore-scripts --no-audit --no-fund >"$work/npm.log" 2>&1; then
    not_fetched "standardwebhooks of npm" "$work/npm.log"
    return
  fi
  node "$work/node/check.mjs" "$vectors"
  ran+=("standardwebhooks of npm")
}

peers_python() {
  have python3 || { not+=("standardwebhooks of PyPI (no python3 here)") && return; }
  if ! { python3 -m venv "$work/python" && "$work/python/bin/pip" install --quiet \
    --disable-pip-version-check --require-hashes -r "$samples/peers/requirements.txt"; } \
    >"$work/pip.log" 2>&1; then
    not_fetched "standardwebhooks of PyPI" "$work/pip.log"
    return
  fi
  "$work/python/bin/python" "$samples/peers/check.py" "$vectors"
  ran+=("standardwebhooks of PyPI")
}

peers_node
peers_python

list() { local IFS=,; echo "${*:-none}" | sed 's/,/, /g'; }
if [ ${#not[@]} -gt 0 ]; then echo "samples NOT run: $(list "${not[@]}")"; fi
echo "samples run: $(list "${ran[@]}")"
