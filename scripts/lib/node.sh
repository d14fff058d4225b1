# Node 24 and the project's packages. Needs say.sh and apt.sh; $top is the top of the repository.

node_is_new() { [ "$("$1" -p 'Number(process.versions.node.split(".")[0]) >= 24' 2>/dev/null)" = true ]; }

# ensure_node: afterwards `node` and `npm` on the PATH are Node 24 (or newer) and its npm, and node_modules is what package-lock.json says.
# A machine without Node 24 gets it from npm into a folder of its own; nothing of the machine is replaced.
ensure_node() {
	need npm=npm node=nodejs
	if ! node_is_new node; then
		local own=${XDG_CACHE_HOME:-$HOME/.cache}/podrun/node-24
		node_is_new "$own/bin/node" || bring_node "$own"
		PATH=$own/bin:$PATH
		export PATH
	fi
	say "Node $(node --version)"
	ensure_modules
}

# bring_node FOLDER: Node 24 and npm 11, as the npm packages that hold them. Both, because npm leaves out optional packages (some of
# them binaries that tests need) which are not meant for the Node that it runs on, and Debian's npm runs on Debian's Node only.
bring_node() {
	local arch system work
	case $(uname -m) in
	x86_64 | amd64) arch=x64 ;;
	aarch64 | arm64) arch=arm64 ;;
	*) die "Node 24 is missing, and npm has none for $(uname -m)" "Install Node 24 or newer." ;;
	esac
	system=$(uname -s | tr '[:upper:]' '[:lower:]')
	work=$(mktemp -d "${TMPDIR:-/tmp}/podrun-node.XXXXXX")
	say "Fetching Node 24 from npm (this machine's is $(node --version))"
	(cd "$work" && quietly "npm pack of Node 24" npm pack --silent "node-$system-$arch@24" npm@11) || {
		rm -rf "$work"
		die "Node 24 is missing, and npm cannot fetch it" "Check the network, or install Node 24 or newer."
	}
	mkdir -p "$work/new/bin" "$work/new/npm"
	tar -x -z -f "$work"/node-*.tgz -C "$work/new" --strip-components=1 package/bin/node
	tar -x -z -f "$work"/npm-*.tgz -C "$work/new/npm" --strip-components=1
	chmod 755 "$work/new/bin/node" "$work"/new/npm/bin/np*-cli.js
	ln -s ../npm/bin/npm-cli.js "$work/new/bin/npm"
	ln -s ../npm/bin/npx-cli.js "$work/new/bin/npx"
	mkdir -p "$(dirname "$1")"
	rm -rf "$1"
	mv "$work/new" "$1"
	rm -rf "$work"
	node_is_new "$1/bin/node" || die "the Node 24 that npm brought does not run here" "Install Node 24 or newer."
}

# ensure_modules: npm ci, once for each package-lock.json
ensure_modules() {
	local stamp=$top/node_modules/.podrun-lock sum
	sum=$(cksum <"$top/package-lock.json")
	if [ "$(cat "$stamp" 2>/dev/null)" != "$sum" ]; then
		say "Installing packages (npm ci)"
		(cd "$top" && quietly "npm ci" npm ci --no-audit --no-fund) || exit 1
		echo "$sum" >"$stamp"
	fi
	# The package `node`, by which dist/podrun.js finds a new enough Node, fetches it by an install script; npm may be told to run none.
	if [ ! -x "$top/node_modules/.bin/node" ]; then
		mkdir -p "$top/node_modules/node/bin"
		cp "$(node -p process.execPath)" "$top/node_modules/node/bin/node"
		ln -sf ../node/bin/node "$top/node_modules/.bin/node"
	fi
}
