#!/bin/sh
# Like the public image's: what lies in /docker-entrypoint.d runs before nginx does.
set -e
if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
	for script in /docker-entrypoint.d/*.sh; do
		[ ! -x "$script" ] || "$script"
	done
fi
exec "$@"
