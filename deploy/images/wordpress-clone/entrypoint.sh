#!/usr/bin/env bash
# Checks what the container was given and becomes its web server.
#   WCR_CLONE_ID         required: id of the clone
#   WCR_CLONE_URL        public address of the clone; tells scheme, host and port to WordPress
#   WCR_URL_PREFIX       path below which the clone lives; that of WCR_CLONE_URL, or /<clone id>; empty: a host of its own
#   WCR_WORKERS          requests served at the same time (10)
#   WCR_LISTEN           address and port, or port (8080)
#   WCR_TRUSTED_PROXIES  networks whose X-Forwarded-For is believed (the private ones)
#   WCR_GRACE_SECONDS    how long requests under way may take after a stop signal (10)
set -euo pipefail
# The first process of a container hears only the signals it has asked for.
trap 'exit 0' TERM INT WINCH

readonly SITE=/var/www/html RUN=/run/wcr CONFIG=/etc/wcr/agent.php

fail() {
  printf 'wordpress-clone: %s\n' "$*" >&2
  exit 78
}

require_folder() {
  [ -d "$1" ] || fail "$1 is missing: mount $2 there"
  [ -w "$1" ] || fail "$1 cannot be written by user $(id -u): mount $2 there, with fsGroup $(id -g)"
}

check_settings() {
  [[ "${WCR_CLONE_ID:-}" =~ ^clone-[0-9]{8}-[0-9]{6}-[a-z0-9]{4}$ ]] || fail 'WCR_CLONE_ID is not the id of a clone'
  [[ "$url" =~ ^(https?)://([A-Za-z0-9._-]+(:[0-9]+)?|\[[0-9a-f:]+\](:[0-9]+)?)(/[A-Za-z0-9_/-]*)?$ ]] ||
    fail 'WCR_CLONE_URL is not the address of a clone'
  scheme="${BASH_REMATCH[1]}"
  server="${BASH_REMATCH[2]}"
  local path="${BASH_REMATCH[5]:-}"
  prefix="${WCR_URL_PREFIX-${path%/}}"
  [[ "$prefix" =~ ^(/[A-Za-z0-9_-]+)*$ ]] || fail 'WCR_URL_PREFIX must be empty, or begin with a slash and not end with one'
  [[ "${WCR_WORKERS:-10}" =~ ^[1-9][0-9]{0,2}$ ]] || fail 'WCR_WORKERS must be a number from 1 to 999'
  [[ "${WCR_GRACE_SECONDS:-10}" =~ ^[0-9]{1,4}$ ]] || fail 'WCR_GRACE_SECONDS must be a number of seconds'
}

check_mounts() {
  [ "$(id -u)" != 0 ] || fail 'this container does not run as root'
  [ -r "$CONFIG" ] || fail "$CONFIG is missing or unreadable: mount the clone's Secret at ${CONFIG%/*}, readable by group $(id -g)"
  require_folder "$SITE" 'an emptyDir for the site'
  require_folder "$RUN" 'an emptyDir that is not in memory'
  require_folder /tmp 'an emptyDir'
}

# The one version of PHP that is installed.
modules=(/usr/lib/apache2/modules/libphp*.so)
url="${WCR_CLONE_URL:-http://localhost/${WCR_CLONE_ID:-}}"
check_settings
check_mounts
umask 0027
mkdir -p "$RUN/agent"
chmod 0700 "$RUN/agent"
# A container that was killed leaves it in its volume.
rm -f "$RUN/apache.pid"

# A clone's PHP sees no more of the environment than this.
exec env -i \
  PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TZ=UTC \
  WCR_CLONE_ID="$WCR_CLONE_ID" \
  WCR_PHP_MODULE="${modules[0]}" \
  WCR_SCHEME="$scheme" \
  WCR_SERVER_NAME="$scheme://$server" \
  WCR_URL_PREFIX="$prefix" \
  WCR_WORKERS="${WCR_WORKERS:-10}" \
  WCR_LISTEN="${WCR_LISTEN:-8080}" \
  WCR_TRUSTED_PROXIES="${WCR_TRUSTED_PROXIES:-10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 127.0.0.0/8 fc00::/7 ::1/128}" \
  WCR_GRACE_SECONDS="${WCR_GRACE_SECONDS:-10}" \
  apache2 -f /opt/wcr/image/apache.conf -D FOREGROUND
