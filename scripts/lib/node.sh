# Node 24 and the project's packages. Needs say.sh and apt.sh; $top is the top of the repository.

node_is_new() { [ "$("$1" -p 'Number(process.versions.node.split(".")[0]) >= 24' 2>/dev/null)" = true ]; }

# ensure_node: afterwards `node` on the PATH is 24 or newer, and node_modules is what package-lock.json says.
# A machine without Node 24 gets it from npm, as a package of this project; nothing of the machine is replaced.
ensure_node() {
	need npm=npm node=nodejs
	ensure_modules
	if ! node_is_new node; then
		local brought=$top/node_modules/.bin/node
		node_is_new "$brought" || bring_node
		node_is_new "$brought" || die "Node 24 is missing" "This machine's node is $(node --version 2>&1) and npm could not bring a newer one. Install Node 24 or newer."
		PATH=$top/node_modules/.bin:$PATH
		export PATH
	fi
	say "Node $(node --version)"
}

# ensure_modules: npm ci, once for each package-lock.json
ensure_modules() {
	local stamp=$top/node_modules/.podrun-lock sum
	sum=$(cksum <"$top/package-lock.json")
	[ "$(cat "$stamp" 2>/dev/null)" != "$sum" ] || return 0
	say "Installing packages (npm ci)"
	(cd "$top" && quietly "npm ci" npm ci --no-audit --no-fund) || exit 1
	echo "$sum" >"$stamp"
}

# The package `node` fetches its binary by an install script. Where npm runs none, the package that holds the binary is fetched here.
bring_node() {
	local arch work
	case $(uname -m) in x86_64 | amd64) arch=x64 ;; aarch64 | arm64) arch=arm64 ;; *) return 0 ;; esac
	work=$(mktemp -d "${TMPDIR:-/tmp}/podrun-node.XXXXXX")
	say "Fetching Node 24 from npm"
	(cd "$work" && quietly "npm pack node" npm pack --silent "node-$(uname -s | tr '[:upper:]' '[:lower:]')-$arch@24") || true
	mkdir -p "$top/node_modules/node/bin" "$top/node_modules/.bin"
	tar -x -z -f "$work"/node-*.tgz -C "$top/node_modules/node" --strip-components=1 package/bin/node || true
	ln -sf ../node/bin/node "$top/node_modules/.bin/node"
	rm -rf "$work"
}
