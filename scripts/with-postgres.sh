#!/usr/bin/env bash
# Runs a command beside a PostgreSQL server of its own: free loopback port, temporary directory,
# random password. The command finds it in BATON_TEST_POSTGRES_URL. The server is stopped and its
# directory removed whatever the command does.
#
# A BATON_TEST_POSTGRES_URL that is set already is used as it is, and no server is started.
# BATON_PG_FAST=1 turns off fsync, which makes tests quicker and crash tests meaningless.
set -euo pipefail

if [ $# -eq 0 ]; then
  echo "usage: scripts/with-postgres.sh COMMAND [ARGUMENT...]" >&2
  echo "       scripts/with-postgres.sh --check   (true when a fit PostgreSQL is installed)" >&2
  exit 2
fi

find_bin() {
  local dir version
  for dir in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5 -Vr) \
    "$(dirname "$(command -v postgres || echo /none/postgres)")"; do
    [ -x "$dir/postgres" ] && [ -x "$dir/initdb" ] || continue
    version=$("$dir/postgres" --version | grep -oE '[0-9]+' | head -n 1)
    [ "$version" -ge 15 ] && echo "$dir" && return 0
  done
  return 1
}
if [ "$1" = --check ]; then
  find_bin >/dev/null
  exit
fi
if [ -n "${BATON_TEST_POSTGRES_URL:-}" ]; then
  exec "$@"
fi
if ! bin=$(find_bin); then
  echo "with-postgres: PostgreSQL 15 or newer is not installed; run scripts/setup.sh test" >&2
  exit 1
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/baton-pg.XXXXXX")
pid=
child=
stop() {
  local status=$?
  trap - EXIT INT TERM HUP
  if [ -n "$child" ] && kill -TERM "$child" 2>/dev/null; then wait "$child" || true; fi
  if [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; then
    # INT is PostgreSQL's fast shutdown: sessions are cut, data is kept in order.
    kill -INT "$pid" 2>/dev/null || true
    local tries=0
    while kill -0 "$pid" 2>/dev/null && [ $((tries += 1)) -le 200 ]; do sleep 0.1; done
    kill -QUIT "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  rm -rf "$dir"
  exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# PostgreSQL refuses to run as root, so root lends the directory to a user without rights.
as=()
if [ "$(id -u)" -eq 0 ]; then
  user=nobody
  if id postgres >/dev/null 2>&1; then user=postgres; fi
  chown "$user" "$dir"
  as=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups)
fi

password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
printf '%s\n' "$password" >"$dir/password"
if [ ${#as[@]} -gt 0 ]; then chown "$user" "$dir/password"; fi
chmod 600 "$dir/password"
if ! (cd "$dir" && "${as[@]}" "$bin/initdb" --pgdata="$dir/data" --username=baton \
  --pwfile="$dir/password" --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 \
  --no-instructions) >"$dir/initdb.log" 2>&1; then
  echo "with-postgres: initdb failed:" >&2
  tail -n 20 "$dir/initdb.log" >&2
  exit 1
fi

fsync=on
if [ "${BATON_PG_FAST:-}" = 1 ]; then fsync=off; fi
start() { # start <port>: true once the server takes connections
  local tries=0
  : >"$dir/server.log"
  (
    cd "$dir"
    exec "${as[@]}" "$bin/postgres" -D "$dir/data" -p "$1" \
      -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$dir" \
      -c max_connections=300 -c "fsync=$fsync" -c log_min_messages=warning \
      -c log_line_prefix='%m [%p] '
  ) >"$dir/server.log" 2>&1 </dev/null &
  pid=$!
  while [ $((tries += 1)) -le 600 ]; do
    if ! kill -0 "$pid" 2>/dev/null; then
      wait "$pid" || true
      pid=
      return 1
    fi
    # The eighth line of this file says `ready` once connections are taken.
    if [ "$(sed -n '8p' "$dir/data/postmaster.pid" 2>/dev/null | tr -d ' ')" = ready ]; then
      return 0
    fi
    sleep 0.05
  done
  return 1
}

port=
for _ in 1 2 3 4 5 6 7 8 9 10; do
  try=$((20000 + RANDOM % 12000))
  if start "$try"; then
    port=$try
    break
  fi
done
if [ -z "$port" ]; then
  echo "with-postgres: the server did not start:" >&2
  tail -n 20 "$dir/server.log" >&2
  exit 1
fi

export BATON_TEST_POSTGRES_URL="postgres://baton:$password@127.0.0.1:$port/postgres"
# In the background, so that a signal to this script is acted on at once and not when it ends.
"$@" <&0 &
child=$!
status=0
wait "$child" || status=$?
child=
exit "$status"
