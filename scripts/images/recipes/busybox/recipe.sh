# busybox:1.36 from Debian's busybox-static (which is 1.35: the tag is the one that tests and the world's examples ask for).
# Laid out like the public image: every applet a link in /bin, a few accounts, a /tmp for all.
image=busybox:1.36
also=busybox:latest

build() {
	local root=$work/root applet
	fetch_debs "$work" busybox-static
	mkdir -p "$root"/{bin,dev,etc,home,root,tmp,usr/bin,usr/sbin,var/spool/mail,var/www}
	dpkg-deb --fsys-tarfile "$work"/busybox-static_*.deb | tar -x -C "$root" ./bin/busybox
	for applet in $("$root/bin/busybox" --list); do
		[ "$applet" = busybox ] || ln -f "$root/bin/busybox" "$root/bin/$applet"
	done
	# Debian leaves a few applets out that the public image has and that shell scripts lean on
	script printenv '[ $# -gt 0 ] || exec env; for n; do env | sed -n "s/^$n=//p" | grep . || code=1; done; exit ${code:-0}'
	script nohup 'trap "" HUP; exec "$@"'
	script pgrep '[ "$1" = -x ] && shift; for d in /proc/[0-9]*; do read -r c <"$d/comm" && [ "$c" = "$1" ] && echo "${d#/proc/}" && ok=1; done 2>/dev/null; [ -n "$ok" ]'
	ln -s ../../bin/env "$root/usr/bin/env"
	printf '%s\n' root:x:0:0:root:/root:/bin/sh daemon:x:1:1:daemon:/usr/sbin:/bin/false \
		www-data:x:33:33:www-data:/var/www:/bin/false nobody:x:65534:65534:nobody:/home:/bin/false >"$root/etc/passwd"
	printf '%s\n' root:x:0: daemon:x:1: mail:x:8: www-data:x:33: users:x:100: nobody:x:65534: >"$root/etc/group"
	printf '%s\n' root:*:::::::  nobody:*::::::: >"$root/etc/shadow"
	printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
	chmod 1777 "$root/tmp"
	chmod 700 "$root/root"
	tar -C "$root" --owner=0 --group=0 --numeric-owner -c . | docker import -c 'CMD ["sh"]' - "$image" >/dev/null
}

# script NAME TEXT: a command in sh; the links made before are left alone
script() {
	[ ! -e "$root/bin/$1" ] || return 0
	printf '#!/bin/sh\n%s\n' "$2" >"$root/bin/$1"
	chmod 755 "$root/bin/$1"
}
