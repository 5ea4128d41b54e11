#!/usr/bin/env bash
# What the official MariaDB image does with its environment, as far as a clone's own database needs it.
set -euo pipefail

quoted() {
  local text="${1//\\/\\\\}"
  printf "'%s'" "${text//\'/\\\'}"
}

root_password="${MARIADB_ROOT_PASSWORD:-}"
if [ -z "$root_password" ]; then
  [ -n "${MARIADB_RANDOM_ROOT_PASSWORD:-}${MARIADB_ALLOW_EMPTY_ROOT_PASSWORD:-}" ] || {
    echo 'Database is uninitialized and no root password is given (MARIADB_ROOT_PASSWORD, MARIADB_RANDOM_ROOT_PASSWORD)' >&2
    exit 1
  }
  [ -z "${MARIADB_RANDOM_ROOT_PASSWORD:-}" ] || root_password="$(od -An -tx1 -N16 /dev/urandom | tr -d ' \n')"
fi
{
  echo "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');"
  echo 'FLUSH PRIVILEGES;'
  echo "ALTER USER root@localhost IDENTIFIED BY $(quoted "$root_password");"
  [ -z "${MARIADB_DATABASE:-}" ] || echo "CREATE DATABASE IF NOT EXISTS \`$MARIADB_DATABASE\`;"
  if [ -n "${MARIADB_USER:-}" ]; then
    echo "CREATE USER IF NOT EXISTS $(quoted "$MARIADB_USER")@'%' IDENTIFIED BY $(quoted "${MARIADB_PASSWORD:-}");"
    [ -z "${MARIADB_DATABASE:-}" ] || echo "GRANT ALL ON \`${MARIADB_DATABASE//_/\\_}\`.* TO $(quoted "$MARIADB_USER")@'%';"
  fi
} >/tmp/init.sql

# Pods have addresses here, but no loopback of their own: the last word on the address is ours.
exec mariadbd --no-defaults --skip-name-resolve --datadir=/var/lib/mysql --socket=/run/mysqld/mysqld.sock \
  --port=3306 --pid-file=/run/mysqld/mysqld.pid --init-file=/tmp/init.sql \
  --skip-networking=0 --performance-schema=0 --innodb-buffer-pool-size=64M --innodb-flush-log-at-trx-commit=2 \
  --max-allowed-packet=64M --character-set-server=utf8mb4 "$@" --bind-address="$WCR_POD_IP"
