# debian:bookworm-slim, the base of the others: a minimal Debian 12 by mmdebstrap, without manuals and translations.
# Two choices are worth their lines: usr-is-merged (apt's own choice, usrmerge, brings perl: +50 MB), and deleting the
# manuals afterwards (dpkg's path-exclude makes mmdebstrap pipe every package through a Python filter: +40 % time).
image=debian:bookworm-slim
also=debian:12-slim

build() {
	need mmdebstrap=mmdebstrap
	local sources=$work/debian.sources
	debian_sources >"$sources"
	quietly "mmdebstrap bookworm" mmdebstrap --quiet --variant=apt --mode=root \
		--include=usr-is-merged,mount,mawk --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
		--dpkgopt=force-unsafe-io \
		--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
		--aptopt='Acquire::http::Timeout "10"' --aptopt='Acquire::Retries "8"' \
		--aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
		--aptopt='Acquire::GzipIndexes "true"' --aptopt='Dir::Cache::pkgcache ""' --aptopt='Dir::Cache::srcpkgcache ""' \
		--customize-hook="$recipe/slim.sh"' "$1"' \
		bookworm "$work/root.tar" "$sources"
	docker import -c 'CMD ["bash"]' "$work/root.tar" "$image" >/dev/null
}

# The host's own sources where the host is Debian 12; else its mirror's address with Debian 12's suite.
debian_sources() {
	local file=/etc/apt/sources.list.d/debian.sources uri
	if [ -r "$file" ] && grep -q '^Suites:.*bookworm' "$file"; then
		cat "$file"
		return
	fi
	uri=$(sed -nE 's/^URIs: *([^ ]+).*/\1/p; s/^deb (\[[^]]*\] )?([^ ]+).*/\2/p' "$file" /etc/apt/sources.list 2>/dev/null | grep /debian | head -n 1)
	[ -n "$uri" ] || die "apt's sources name no Debian mirror" "The images are built from Debian 12's packages; add a mirror to /etc/apt/sources.list."
	printf 'Types: deb\nURIs: %s\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' "$uri"
}
