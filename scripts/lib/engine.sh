# A Docker engine: one that answers already, or Debian's, installed and started. Needs say.sh and apt.sh.

# A socket file may be a dead engine's: only an answer counts.
engine_answers() { timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# ensure_engine: afterwards the docker command reaches an engine
ensure_engine() {
	if command -v docker >/dev/null && engine_answers; then
		say "Docker engine $(docker version --format '{{.Server.Version}}')"
		return
	fi
	if [ -n "${DOCKER_HOST:-}" ]; then
		die "the Docker engine at DOCKER_HOST=$DOCKER_HOST does not answer" "Start it, or unset DOCKER_HOST to use this machine's."
	fi
	if command -v docker >/dev/null && [ "$(docker context show 2>/dev/null || echo default)" != default ]; then
		die "the Docker engine of the context $(docker context show) does not answer" "Start it, or choose another: docker context use NAME."
	fi
	if ! is_root || ! is_debian; then
		die "no Docker engine answers" "Start Docker, or install it: Docker Desktop, or docker.io of your distribution (and be in the group docker)." \
			"As root on Debian or Ubuntu this script installs and starts it for you."
	fi
	need dockerd=docker.io iptables=iptables
	need docker=docker-cli
	if [ -d /run/systemd/system ]; then
		say "Starting the Docker engine (systemctl start docker)"
		quietly "systemctl start docker" systemctl start docker || exit 1
		wait_for_engine '' ''
	else
		start_dockerd
	fi
	say "Docker engine $(docker version --format '{{.Server.Version}}')"
}

# clear_stale PIDFILE PROGRAM: removes the pid file of a program that was killed. Succeeds when none runs.
# (dockerd refuses to start while its file is there, whatever process has that number now.)
clear_stale() {
	local pid
	[ -e "$1" ] || return 0
	pid=$(cat "$1")
	[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$2" ] || return 1
	note "removing $1 of a $2 that is gone"
	rm -f "$1"
}

start_dockerd() {
	local log=${PODRUN_DOCKERD_LOG:-/var/log/podrun-dockerd.log} pid=''
	if clear_stale /var/run/docker.pid dockerd; then
		clear_stale /var/run/docker/containerd/containerd.pid containerd || true
		say "Starting the Docker engine (its log: $log)"
		# a session of its own: it outlives this script and its terminal
		setsid dockerd >"$log" 2>&1 </dev/null &
		pid=$!
	else
		say "A dockerd runs (pid $(cat /var/run/docker.pid)) but does not answer yet: waiting for it"
	fi
	wait_for_engine "$log" "$pid"
}

# wait_for_engine LOG PID: up to 60 s for the first answer; gives up at once when PID has ended
wait_for_engine() {
	local end=$((SECONDS + 60))
	until engine_answers; do
		if [ "$SECONDS" -ge "$end" ] || { [ -n "$2" ] && ! kill -0 "$2" 2>/dev/null; }; then
			printf '%s\n' "✗ the Docker engine does not come up" >&2
			[ ! -r "$1" ] || { echo "  The end of $1:" >&2; tail -n 15 "$1" | sed 's/^/  | /' >&2; }
			exit 1
		fi
		sleep 0.3
	done
}
