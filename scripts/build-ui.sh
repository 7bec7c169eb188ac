#!/usr/bin/env bash
# Builds the admin interface into ui/dist, from where the build of the binary takes it. Does
# nothing when nothing has changed since the last time.
#
#   scripts/build-ui.sh           build it
#   scripts/build-ui.sh check     lints, types and tests besides, and that its types are those of
#                                 openapi.json
set -euo pipefail
cd "$(dirname "$0")/.."
node=$PWD/scripts/with-node.sh
kept=${CARGO_TARGET_DIR:-$PWD/target}/ui
mkdir -p "$kept"

sums() { # sums <file...>: one sum over names and contents
  printf '%s\n' "$@" | sort | xargs sha256sum | sha256sum
}

cd ui
lock=$(sums package.json package-lock.json)
if [ ! -d node_modules ] || [ "$lock" != "$(cat node_modules/.made-from 2>/dev/null)" ]; then
  echo "ui: fetching what package-lock.json names"
  "$node" npm ci --no-audit --no-fund --loglevel=error
  echo "$lock" >node_modules/.made-from
fi

if [ "${1:-}" = check ]; then
  "$node" npm run --silent gen
  if ! git diff --quiet -- src/api/schema.d.ts; then
    echo "ui: src/api/schema.d.ts is not what openapi.json says; it is now: commit it" >&2
    exit 1
  fi
  "$node" npm run --silent lint
  "$node" npm run --silent test
fi

mapfile -t inputs < <(find . \( -path ./node_modules -o -path ./dist \) -prune -o -type f -print)
made=$(sums "${inputs[@]}")
if [ ! -e dist/index.html ] || [ "$made" != "$(cat "$kept/made-from" 2>/dev/null)" ]; then
  "$node" npm run --silent build
  echo "$made" >"$kept/made-from"
fi
