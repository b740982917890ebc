#!/bin/sh
# What the tests need of the entrypoint of the image whose name this one takes: the same variables, the
# same two phases with the files of /docker-entrypoint-initdb.d between them, and the same way to stop.
set -eu
user="${POSTGRES_USER:-postgres}"
database="${POSTGRES_DB:-$user}"

case "${1:-postgres}" in
-*) set -- postgres "$@" ;;
postgres) ;;
*) exec "$@" ;;
esac

if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 700 "$PGDATA"
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  [ -z "${POSTGRES_PASSWORD_FILE:-}" ] || POSTGRES_PASSWORD="$(cat "$POSTGRES_PASSWORD_FILE")"
  : "${POSTGRES_PASSWORD:?a superuser without a password is not offered}"
  password="$(mktemp)"
  printf '%s' "$POSTGRES_PASSWORD" >"$password"
  initdb --username="$user" --pwfile="$password" --auth-local=trust --auth-host=scram-sha-256 \
    --no-instructions --no-sync
  rm "$password"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"

  # Nobody can connect from outside before the database is there.
  pg_ctl --wait --options="-c listen_addresses=''" start
  [ "$database" = postgres ] || createdb --username="$user" --maintenance-db=postgres "$database"
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
    *.sh) sh -eu "$file" ;;
    *.sql) psql --set=ON_ERROR_STOP=1 --no-psqlrc --quiet -U "$user" -d "$database" -f "$file" ;;
    esac
  done
  pg_ctl --wait --mode=fast stop
fi

exec "$@"
