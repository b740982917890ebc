# The container engine of a CI run: installed where there is none, started where none answers, and
# ended only by the run that started it. Sourced by `.ci/run`.

engine_pid=''
engine_log=''

engine_start() {
  docker info >/dev/null 2>&1 && return 0
  command -v dockerd >/dev/null || install_packages docker.io || return 1
  # What a killed one left: its number may be another process's by now.
  [[ "$(readlink "/proc/$(cat /var/run/docker.pid 2>/dev/null)/exe")" == *dockerd ]] ||
    rm -f /var/run/docker.pid
  engine_log="$(mktemp)"
  # A session of its own: it outlives each step, and no Ctrl-C reaches it before the tests are over.
  setsid dockerd >"$engine_log" 2>&1 </dev/null &
  engine_pid=$!
  for _ in $(seq 120); do
    docker info >/dev/null 2>&1 && return 0
    kill -0 "$engine_pid" 2>/dev/null || break
    sleep 0.5
  done
  tail -n 20 "$engine_log"
  return 1
}

engine_stop() {
  [ -n "$engine_pid" ] || return 0
  kill "$engine_pid" 2>/dev/null && wait "$engine_pid" 2>/dev/null
  rm -f "$engine_log"
}

install_packages() {
  local log
  log="$(mktemp)"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@"; } >"$log" 2>&1 ||
    { tail -n 20 "$log"; return 1; }
  rm -f "$log"
}
