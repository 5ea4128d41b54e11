#!/usr/bin/env bash
# Makes the file system of a container out of bind mounts and becomes its first process. Runs as root in a mount and a
# process namespace of its own: enter-container.sh <empty folder> <plan> <user> <group> <work folder> <command> …
# Lines of the plan: `ro` or `rw`, a source and a place in the container, or `tmp`, `-` and a place; separated by tabs.
set -euo pipefail
# The first process of a namespace hears only the signals it has asked for.
trap 'exit 0' TERM INT WINCH

root="$1" plan="$2" user="$3" group="$4" workdir="$5"
shift 5

bind() {
  local mode="$1" from="$2" to="$root$3"
  if [ -d "$from" ]; then
    mkdir -p "$to"
  else
    mkdir -p "${to%/*}"
    touch "$to"
  fi
  mount --bind "$from" "$to"
  [ "$mode" = rw ] || mount -o remount,bind,ro "$to"
}

mount -t tmpfs -o mode=755,size=4m root "$root"
mkdir -p "$root/proc" "$root/dev"
for link in bin lib lib64 sbin; do ln -s "usr/$link" "$root/$link"; done
while IFS=$'\t' read -r mode source target; do
  if [ "$mode" = tmp ]; then
    mkdir -p "$root$target"
    mount -t tmpfs -o mode=1777,size=64m tmp "$root$target"
  else
    bind "$mode" "$source" "$target"
  fi
done <"$plan"
for device in null zero full random urandom; do bind rw "/dev/$device" "/dev/$device"; done
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mount -t proc proc "$root/proc"
mount -o remount,ro "$root"
cd "$root"

exec chroot "$root" /usr/bin/env -C "$workdir" setpriv \
  --reuid="$user" --regid="$group" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs --pdeathsig KILL -- "$@"
