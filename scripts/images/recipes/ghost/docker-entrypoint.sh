#!/bin/bash
# Like the public image's: a fresh content volume gets the themes and folders that Ghost came with, and Ghost runs as node.
set -e
if [[ "$*" == node*current/index.js* ]]; then
	for source in "$GHOST_INSTALL"/content.orig/* "$GHOST_INSTALL"/content.orig/themes/*; do
		target="$GHOST_CONTENT/${source#"$GHOST_INSTALL"/content.orig/}"
		mkdir -p "$(dirname "$target")"
		[ -e "$target" ] || cp -a "$source" "$target"
	done
	if [ "$(id -u)" = 0 ]; then
		find "$GHOST_CONTENT" \! -user node -exec chown node '{}' +
		exec setpriv --reuid=node --regid=node --init-groups "$0" "$@"
	fi
fi
exec "$@"
