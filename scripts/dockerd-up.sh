#!/usr/bin/env bash
# Makes sure that a Docker engine answers: the one at hand, else (as root on Debian or Ubuntu) the distribution's, installed and started.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/scripts/lib/say.sh"
. "$top/scripts/lib/apt.sh"
. "$top/scripts/lib/engine.sh"
ensure_engine
