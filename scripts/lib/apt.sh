# Packages of Debian or Ubuntu: installing them on this machine, and fetching them only to unpack them.
# Mirrors were seen to stall for a minute and a half; hence the short timeout with many retries.
# Needs say.sh.

apt_get() {
	DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		-o Acquire::http::Timeout=10 -o Acquire::Retries=8 -o APT::Sandbox::User=root "$@"
}

is_debian() { command -v apt-get >/dev/null && command -v dpkg >/dev/null; }
is_root() { [ "$(id -u)" = 0 ]; }

# apt_refresh: fetches the package lists, once a day at most. A foreign list that cannot be read is no reason to stop.
apt_refresh() {
	local stamp=/var/lib/apt/lists/.podrun-refreshed
	[ -z "$(find "$stamp" -mmin -1440 2>/dev/null)" ] || return 0
	apt_get update >/dev/null 2>&1 || note "apt-get update had complaints; going on with the lists at hand"
	touch "$stamp"
}

# apt_install PACKAGE...: one run of apt at a time, however many recipes run side by side
apt_install() {
	(
		exec 9>"${TMPDIR:-/tmp}/podrun-apt.lock"
		! command -v flock >/dev/null || flock 9
		apt_refresh
		quietly "apt-get install $*" apt_get install --no-install-recommends "$@" 9>&-
	)
}

# need COMMAND=PACKAGE...: installs the packages whose command is missing
need() {
	local pair missing=()
	for pair; do command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}"); done
	[ ${#missing[@]} -gt 0 ] || return 0
	if ! is_debian || ! is_root; then
		die "missing on this machine: ${missing[*]}" "Install them, or run this as root on Debian or Ubuntu, where it is done for you."
	fi
	say "Installing ${missing[*]}"
	apt_install "${missing[@]}"
}

# fetch_debs FOLDER PACKAGE...: downloads the packages' .deb files, installs nothing
fetch_debs() {
	local folder=$1
	shift
	(
		exec 9>"${TMPDIR:-/tmp}/podrun-apt.lock"
		! command -v flock >/dev/null || flock 9
		is_root && apt_refresh
		cd "$folder" && quietly "apt-get download $*" apt_get download "$@" 9>&-
	)
}
