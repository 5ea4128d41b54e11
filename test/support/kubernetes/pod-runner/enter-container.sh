#!/usr/bin/env bash
# Makes the file system of a container out of bind mounts and becomes its first process. Runs as root in a mount and a
# process namespace of its own: enter-container.sh <empty folder> <plan> <user> <group> <work folder> <command> …
# The plan has the form of /etc/fstab, its places below the empty folder: one program makes all the mounts.
set -euo pipefail
# The first process of a namespace hears only the signals it has asked for.
trap 'exit 0' TERM INT WINCH

root="$1" plan="$2" user="$3" group="$4" workdir="$5"
shift 5

mount -t tmpfs -o mode=755,size=4m root "$root"
folders=("$root/dev") files=()
while read -r source target _; do
  if [ ! -e "$source" ] || [ -d "$source" ]; then
    folders+=("$target")
  else
    folders+=("${target%/*}")
    files+=("$target")
  fi
done <"$plan"
mkdir -p "${folders[@]}"
for file in "${files[@]}"; do : >"$file"; done
(cd "$root" && ln -s usr/bin usr/lib usr/lib64 usr/sbin .)
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"
mount --all --fstab "$plan"
mount -o remount,ro "$root"
cd "$root"

exec chroot "$root" /usr/bin/env -C "$workdir" setpriv \
  --reuid="$user" --regid="$group" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs --pdeathsig KILL -- "$@"
