# ghost:5 (5.130.6) from npm, on Debian's base with Node 22, laid out like the public image.
#
# Installed here on the host by yarn 1 with Ghost's own yarn.lock: npm install stumbles over its dependencies.
# No install scripts run, because what they'd compile is not needed: sharp's binary comes from npm, re2 (link
# previews) may be missing, and sqlite3's binary is Debian's, which needs no certain Node (it is N-API).
image=ghost:5
needs=debian:bookworm-slim
version=5.130.6

build() {
	local app=$work/root/var/lib/ghost/versions/$version arch root=$work/root
	case $(uname -m) in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) die "no Node on npm for $(uname -m)" ;; esac
	need npm=npm node=nodejs patchelf=patchelf
	mkdir -p "$app" "$root/usr/local/bin" "$work/tool" "$work/node" "$work/deb"
	unpack "ghost@$version" "$app"
	unpack "node-linux-$arch@22" "$work/node"
	cp "$work/node/bin/node" "$root/usr/local/bin/node"
	npm_dependencies
	sqlite_binary
	trim

	cp "$recipe/config.production.json" "$recipe/config.development.json" "$root/var/lib/ghost/"
	install -m 755 "$recipe/docker-entrypoint.sh" "$root/usr/local/bin/"
	ln -s "versions/$version" "$root/var/lib/ghost/current"
	cp -a "$app/content" "$root/var/lib/ghost/content.orig"
	mkdir "$root/var/lib/ghost/content"

	# One import of base and Ghost together: a build with this many files takes three times as long.
	docker build -q -t podrun-build/ghost-base - <"$recipe/base.Dockerfile" >/dev/null 2>&1
	local id
	id=$(docker create podrun-build/ghost-base true)
	docker export "$id" >"$work/base.tar"
	docker rm "$id" >/dev/null
	docker rmi podrun-build/ghost-base >/dev/null
	tar --append --file="$work/base.tar" --directory="$root" --owner=0 --group=0 --numeric-owner \
		usr/local/bin/node usr/local/bin/docker-entrypoint.sh
	tar --append --file="$work/base.tar" --directory="$root" --owner=1000 --group=1000 --numeric-owner var/lib/ghost
	docker import "$work/base.tar" "$image" \
		-c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_ENV=production' \
		-c "ENV GHOST_INSTALL=/var/lib/ghost GHOST_CONTENT=/var/lib/ghost/content GHOST_VERSION=$version" \
		-c 'WORKDIR /var/lib/ghost' -c 'VOLUME /var/lib/ghost/content' -c 'EXPOSE 2368' \
		-c 'ENTRYPOINT ["docker-entrypoint.sh"]' -c 'CMD ["node", "current/index.js"]' >/dev/null
}

# unpack PACKAGE FOLDER: an npm package's files
unpack() {
	mkdir -p "$work/pack"
	(cd "$work/pack" && quietly "npm pack $1" npm pack --silent "$1")
	tar -x -z -C "$2" --strip-components=1 -f "$work"/pack/*.tgz
	rm -r "$work/pack"
}

# yarn 1 takes neither npm's registry nor its certificates over by itself; its lock file names its own registry, too.
npm_dependencies() {
	local registry
	registry=$(npm config get registry 2>/dev/null)
	quietly "npm install yarn" npm install --silent --no-audit --no-fund --prefix "$work/tool" yarn@1.22.22
	sed -i -E "s#^(  resolved .)https?://[^/]+/#\1${registry%/}/#" "$app/yarn.lock"
	node -e '
		const fs = require("node:fs"), file = process.argv[1], pkg = JSON.parse(fs.readFileSync(file));
		delete pkg.devDependencies;
		fs.writeFileSync(file, JSON.stringify(pkg, null, 2));
	' "$app/package.json"
	(
		cd "$app" && quietly "yarn install for Ghost" "$work/tool/node_modules/.bin/yarn" install --production --ignore-scripts \
			--ignore-engines --non-interactive --no-progress --network-timeout 120000 --cache-folder "$work/yarn-cache" --registry "$registry" \
			${NODE_EXTRA_CA_CERTS:+--cafile "$NODE_EXTRA_CA_CERTS"}
	)
}

sqlite_binary() {
	local binary
	fetch_debs "$work/deb" node-sqlite3
	dpkg-deb --fsys-tarfile "$work"/deb/node-sqlite3_*.deb | tar -x -C "$work/deb"
	binary=$(find "$work/deb/usr" -name node_sqlite3.node | sort | tail -n 1)
	mkdir -p "$app/node_modules/sqlite3/build/Release"
	cp "$binary" "$app/node_modules/sqlite3/build/Release/node_sqlite3.node"
	# Debian links it to its own libnode, whose symbols are in any node program as well
	patchelf --remove-needed libnode.so.108 "$app/node_modules/sqlite3/build/Release/node_sqlite3.node"
}

# What never runs: a third of the files, and the unpacking of an image takes its time by the file.
trim() {
	(
		cd "$app/node_modules"
		rm -rf re2/vendor sqlite3/deps sqlite3/src @img/*musl*
		find . -type f \( -name '*.map' -o -name '*.d.ts' -o -iname '*.md' \) -delete
	)
}
