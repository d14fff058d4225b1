# What scripts/demo and scripts/test begin with: Node 24, the packages, an engine, the build, images.
# Idempotent: what is there already is used. Sourced; sets $top.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"
. scripts/lib/say.sh
. scripts/lib/apt.sh
. scripts/lib/node.sh
. scripts/lib/engine.sh

# set_up [IMAGE...]: all of it; every image that has a recipe without a name
set_up() {
	ensure_node
	ensure_engine
	say "Building dist/podrun.js"
	quietly "npm run build" npm run --silent build || exit 1
	scripts/images/build "$@"
}
