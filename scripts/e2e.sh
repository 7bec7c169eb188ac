#!/usr/bin/env bash
# The browser tests: the real binary, with the interface in it, in Chromium. Pictures of the
# screens are left in e2e/output. Arguments name test files; without any, all are run.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
scripts/build-ui.sh
cargo build --locked -p baton
# The interface's packages hold the browser's driver too.
ln -sfn ../ui/node_modules e2e/node_modules
cd e2e
if [ $# -eq 0 ]; then set -- tests/*.test.mjs; fi
exec ../scripts/with-node.sh node --test --test-concurrency=1 --test-timeout=300000 "$@"
