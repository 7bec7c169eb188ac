#!/usr/bin/env bash
# Makes a machine ready for `build` or for `test`: on Debian and its kin, as root, what is missing
# is installed by package name and named before; anywhere else what is missing is said.
set -euo pipefail

purpose=${1:-build}
case $purpose in build | test) ;; *)
  echo "usage: scripts/setup.sh build|test" >&2
  exit 2
  ;;
esac

have() { command -v "$1" >/dev/null 2>&1; }

have_postgres() { "$(dirname "$0")/with-postgres.sh" --check; }
have_chromium() { have chromium || have chromium-browser || [ -x "${CHROMIUM:-}" ]; }
have_venv() { have python3 && python3 -c 'import venv, ensurepip' 2>/dev/null; }

if ! have cargo; then
  echo "setup: the Rust toolchain is missing; install it from https://rustup.rs and run this again" >&2
  exit 1
fi
for part in clippy fmt; do
  if [ "$purpose" = test ] && ! cargo "$part" --version >/dev/null 2>&1; then
    echo "setup: cargo $part is missing; run: rustup component add clippy rustfmt" >&2
    exit 1
  fi
done

missing=()
need() { # need <package> <check...>: notes the Debian package when the check fails
  local package=$1
  shift
  "$@" || missing+=("$package")
}
# SQLite and the TLS primitives are compiled from C.
need gcc have cc
if [ "$(uname -s)" = Linux ]; then need libc6-dev test -e /usr/include/stdlib.h; fi
# The interface is built by Node; where that is too old, scripts/with-node.sh fetches one with pip.
need nodejs have node
need npm have npm
need python3 have python3
need python3-venv have_venv
if [ "$purpose" = test ]; then
  need postgresql have_postgres
  # The signature samples in docs/samples are run in their own languages.
  need php-cli have php
  # The screens are looked at in it.
  need chromium have_chromium
fi
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi

if have apt-get && [ "$(id -u)" -eq 0 ]; then
  echo "setup: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  if [[ " ${missing[*]} " == *" postgresql "* ]] && [ ! -e /etc/postgresql-common ]; then
    # The tests start a server of their own; the package need not start one as well.
    apt-get install -y -qq --no-install-recommends postgresql-common >/dev/null
    mkdir -p /etc/postgresql-common/createcluster.d
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.d/no-main-cluster.conf
    echo "setup: no PostgreSQL cluster is created (createcluster.d/no-main-cluster.conf)"
  fi
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  echo "setup: done"
elif have apt-get; then
  echo "setup: missing: ${missing[*]}" >&2
  echo "setup: run as root: apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
else
  {
    echo "setup: missing on this system, by the names of their Debian packages: ${missing[*]}"
    echo "setup: please install"
    echo "  a C compiler with its headers                (gcc, libc6-dev)"
    echo "  Node.js 20 or newer with npm                 (nodejs, npm)"
    echo "  Python 3.9 or newer with venv                (python3, python3-venv)"
    if [ "$purpose" = test ]; then
      echo "  PostgreSQL 15 or newer, server included      (postgresql)"
      echo "  PHP 8 for the command line                   (php-cli)"
      echo "  Chromium                                     (chromium)"
    fi
    echo "setup: with Homebrew: brew install postgresql@15 node python php chromium"
    echo "setup: on Fedora: dnf install gcc postgresql-server nodejs npm python3 php-cli chromium"
  } >&2
  exit 1
fi
