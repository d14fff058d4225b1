#!/bin/sh
# Makes the container fit for an engine of its own, copies the checkout beside last time's packages, and runs the command there.
set -eu

# An engine writes to the control groups and to /proc/sys. Both are mounted read-only unless the container is privileged.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
	# Version 2: a group that hands controllers down may hold no process, so all move one level down.
	mount -o remount,rw /sys/fs/cgroup
	mkdir -p /sys/fs/cgroup/init
	xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || true
	sed -e 's/ / +/g' -e 's/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
else
	while read -r _ folder type _; do
		case "$type:$folder" in cgroup:/sys/fs/cgroup/*) mount -o remount,bind,rw "$folder" ;; esac
	done </proc/mounts
fi
mount -o remount,bind,rw /proc/sys 2>/dev/null || true

[ -s "$NODE_EXTRA_CA_CERTS" ] || unset NODE_EXTRA_CA_CERTS

find /podrun -mindepth 1 -maxdepth 1 ! -name node_modules -exec rm -rf {} +
tar -C /checkout --exclude=./node_modules --exclude=./dist --exclude=./.git -c . | tar -C /podrun -x --no-same-owner

exec "$@"
