#!/usr/bin/env bash
# Run a command against Debian's own PostgreSQL and Redis, started by hand and reached over TCP:
#   scripts/debian_services.sh COMMAND…
# As root (initdb runs as the user postgres). Everything lives in one temporary folder and ends
# with the command. The command finds DATABASE_URL, DATABASE_OWNER_URL, DATABASE_SUPERUSER_URL,
# REDIS_URL, and the single passwords and ports for scripts/compose_wiring.py.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
programs=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "$programs" ] || ! command -v redis-server >/dev/null; then
  echo 'kasane: ありません: apt-get install postgresql redis-server' >&2
  exit 1
fi

folder=$(mktemp -d /tmp/kasane-debian-XXXXXX)
postgres_pid='' redis_pid='' command_pid=''
finish() {
  status=$?
  trap - EXIT INT TERM HUP
  [ -n "$command_pid" ] && kill -TERM "$command_pid" 2>/dev/null && wait "$command_pid" || true
  [ -n "$redis_pid" ] && kill -TERM "$redis_pid" 2>/dev/null || true
  [ -n "$postgres_pid" ] && kill -INT "$postgres_pid" 2>/dev/null || true
  wait || true
  rm -rf "$folder"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

free_port() {
  "$root/.venv/bin/python" -c \
    'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
secret() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

export POSTGRES_PASSWORD KASANE_OWNER_PASSWORD KASANE_APP_PASSWORD KASANE_REDIS_PASSWORD
POSTGRES_PASSWORD=$(secret)
KASANE_OWNER_PASSWORD=$(secret)
KASANE_APP_PASSWORD=$(secret)
KASANE_REDIS_PASSWORD=$(secret)
export POSTGRES_PORT REDIS_PORT
POSTGRES_PORT=$(free_port)
REDIS_PORT=$(free_port)

printf '%s' "$POSTGRES_PASSWORD" > "$folder/password"
chown -R postgres "$folder"
as_postgres() { (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups "$@"); }

as_postgres "$programs/initdb" --pgdata="$folder/data" --username=postgres --encoding=UTF8 \
  --locale=C.UTF-8 --auth=scram-sha-256 --pwfile="$folder/password" --no-sync >/dev/null
# In the foreground as our own child: bash reaps it.
(cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups \
  "$programs/postgres" -D "$folder/data" -c listen_addresses=127.0.0.1 \
  -c port="$POSTGRES_PORT" -c unix_socket_directories="$folder" -c fsync=off \
  -c log_min_messages=fatal) &
postgres_pid=$!
redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" \
  --requirepass "$KASANE_REDIS_PASSWORD" --loglevel warning >"$folder/redis.log" 2>&1 &
redis_pid=$!

for _ in $(seq 100); do
  if "$programs/pg_isready" -q -h 127.0.0.1 -p "$POSTGRES_PORT" \
    && REDISCLI_AUTH=$KASANE_REDIS_PASSWORD redis-cli -p "$REDIS_PORT" ping 2>/dev/null \
    | grep -q PONG; then
    ready=yes
    break
  fi
  sleep 0.2
done
if [ -z "${ready:-}" ]; then
  echo 'kasane: Debian の PostgreSQL か Redis が動き始めません。' >&2
  exit 1
fi

server=127.0.0.1:$POSTGRES_PORT
export DATABASE_SUPERUSER_URL=postgresql://postgres:$POSTGRES_PASSWORD@$server/postgres
export DATABASE_OWNER_URL=postgresql://kasane_owner:$KASANE_OWNER_PASSWORD@$server/kasane
export DATABASE_URL=postgresql://kasane_app:$KASANE_APP_PASSWORD@$server/kasane
export REDIS_URL=redis://:$KASANE_REDIS_PASSWORD@127.0.0.1:$REDIS_PORT/0
echo "Debian の $("$programs/postgres" --version) と $(redis-server --version | cut -d' ' -f1-3)"
# Not in the foreground: bash would keep a signal waiting until the command ends by itself.
"$@" </dev/null &
command_pid=$!
wait "$command_pid"
