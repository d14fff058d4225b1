#!/bin/sh
# Like the public image's: options alone mean redis-server, which runs as the user redis and owns its folder.
set -e
case "$1" in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ]; then
	umask 0077
	# the public image is built with protected mode off; Debian's binary is not
	case "$2" in *.conf) ;; *) set -- "$@" --protected-mode no ;; esac
	if [ "$(id -u)" = 0 ]; then
		find . ! -user redis -exec chown redis {} +
		exec setpriv --reuid=redis --regid=redis --clear-groups "$@"
	fi
fi
exec "$@"
