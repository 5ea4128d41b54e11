#!/usr/bin/env bash
# Checks what the container was given and becomes its web server.
#   WCR_CLONE_ID         required, except with WCR_WARM: id of the clone
#   WCR_WARM             1: made ahead of any clone; the agent is told later whose clone this is
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
readonly IDENTITY=$RUN/agent/base/identity LEARNT=$RUN/identity.conf
readonly CLONE_ID='^clone-[0-9]{8}-[0-9]{6}-[a-z0-9]{4}$'

fail() {
  printf 'wordpress-clone: %s\n' "$*" >&2
  exit 78
}

require_folder() {
  [ -d "$1" ] || fail "$1 is missing: mount $2 there"
  [ -w "$1" ] || fail "$1 cannot be written by user $(id -u): mount $2 there, with fsGroup $(id -g)"
}

# Sets scheme, server and path.
take_address() {
  [[ "$1" =~ ^(https?)://([A-Za-z0-9._-]+(:[0-9]+)?|\[[0-9a-f:]+\](:[0-9]+)?)(/[A-Za-z0-9_/-]*)?$ ]] || return 1
  scheme="${BASH_REMATCH[1]}"
  server="${BASH_REMATCH[2]}"
  path="${BASH_REMATCH[5]:-}"
  path="${path%/}"
}

is_prefix() {
  [[ "$1" =~ ^(/[A-Za-z0-9_-]+)*$ ]]
}

check_settings() {
  [[ "${WCR_WARM:-}" =~ ^1?$ ]] || fail 'WCR_WARM must be 1 or unset'
  is_waiting || [[ "$id" =~ $CLONE_ID ]] || fail 'WCR_CLONE_ID is not the id of a clone'
  take_address "$url" || fail 'WCR_CLONE_URL is not the address of a clone'
  prefix="${WCR_URL_PREFIX-$path}"
  is_prefix "$prefix" || fail 'WCR_URL_PREFIX must be empty, or begin with a slash and not end with one'
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

# True while nobody has said whose clone this is.
is_waiting() {
  [ "${WCR_WARM:-}" = 1 ] && [ -z "$id" ]
}

# Sets id and url to what the agent was told. The agent empties the file before it writes it: only a whole one counts.
take_identity() {
  local lines=()
  [ -r "$IDENTITY" ] && mapfile -t lines <"$IDENTITY" || return 1
  [ "${#lines[@]}" = 4 ] && [ "${lines[3]}" = end ] && [[ "${lines[2]}" =~ ^prefix=[A-Za-z0-9_]{0,64}$ ]] || return 1
  local its_id="${lines[0]#id=}" its_url="${lines[1]#url=}"
  [[ "$its_id" =~ $CLONE_ID ]] && take_address "$its_url" && is_prefix "$path" || return 1
  id="$its_id" url="$its_url"
}

# Has the web server that runs by then go on as that of the clone. Requests under way are finished, and none is refused.
await_identity() {
  local fifo=/tmp/wcr-waiting server_process="$1"
  rm -f "$fifo"
  mkfifo -m 0600 "$fifo"
  exec 3<>"$fifo"
  rm -f "$fifo"
  # Nobody writes there: a wait that starts no process.
  until take_identity; do read -rt 0.1 <&3 || true; done
  printf 'Define %s "%s"\n' \
    WCR_CLONE_ID "$id" WCR_SCHEME "$scheme" WCR_SERVER_NAME "$scheme://$server" WCR_URL_PREFIX "$path" >"$LEARNT.new"
  printf 'Define WCR_KNOWN\n' >>"$LEARNT.new"
  mv "$LEARNT.new" "$LEARNT"
  kill -USR1 "$server_process"
}

# The one version of PHP that is installed.
modules=(/usr/lib/apache2/modules/libphp*.so)
id="${WCR_CLONE_ID:-}" url=''
[ "${WCR_WARM:-}" != 1 ] || take_identity || id=''
url="${url:-${WCR_CLONE_URL:-http://localhost/$id}}"
check_settings
check_mounts
umask 0027
mkdir -p "$RUN/agent"
chmod 0700 "$RUN/agent"
# A container that was killed leaves them in its volume.
rm -f "$RUN/apache.pid" "$LEARNT"

options=()
if is_waiting; then
  options=(-D WCR_WARM)
  await_identity "$$" &
fi

# A clone's PHP sees no more of the environment than this.
exec env -i \
  PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TZ=UTC \
  WCR_CLONE_ID="$id" \
  WCR_PHP_MODULE="${modules[0]}" \
  WCR_SCHEME="$scheme" \
  WCR_SERVER_NAME="$scheme://$server" \
  WCR_URL_PREFIX="$prefix" \
  WCR_WORKERS="${WCR_WORKERS:-10}" \
  WCR_LISTEN="${WCR_LISTEN:-8080}" \
  WCR_TRUSTED_PROXIES="${WCR_TRUSTED_PROXIES:-10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 127.0.0.0/8 fc00::/7 ::1/128}" \
  WCR_GRACE_SECONDS="${WCR_GRACE_SECONDS:-10}" \
  apache2 -f /opt/wcr/image/apache.conf -D FOREGROUND "${options[@]}"
