# How the scripts talk: short calm lines on stderr, stdout is left to data.
# Sourced by bash; sets no options of its own.

say() { printf '%s\n' "▸ $*" >&2; }
note() { printf '%s\n' "  $*" >&2; }
# die WHAT [WHY OR WHAT TO DO NEXT]...: one line each, then exit 1
die() {
	printf '%s\n' "✗ $1" >&2
	shift
	for line; do printf '%s\n' "  $line" >&2; done
	exit 1
}

# quietly WHAT COMMAND...: runs it with its output kept in a log, which is shown only when it fails
quietly() {
	local what=$1 log
	shift
	log=$(mktemp "${TMPDIR:-/tmp}/podrun-log.XXXXXX")
	if "$@" >"$log" 2>&1; then
		rm -f "$log"
	else
		local code=$?
		printf '%s\n' "✗ $what failed (exit $code). The last lines of its output:" >&2
		tail -n 25 "$log" | sed 's/^/  | /' >&2
		rm -f "$log"
		return "$code"
	fi
}
