# What scripts/demo and scripts/test begin with. Sourced; sets $top and goes there. Idempotent: what is there already is used.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$top"
. scripts/lib/say.sh
. scripts/lib/apt.sh
. scripts/lib/node.sh
. scripts/lib/engine.sh
