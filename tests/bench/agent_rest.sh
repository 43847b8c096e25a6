#!/bin/sh
# What an office's agent costs while nothing happens: memory, CPU time, wakes and bytes written
# over some seconds, beside the aims. One real agent, enrolled with a real aggregator on loopback,
# that has one figure recorded and acknowledged.
#
#   tests/bench/agent_rest.sh [BUILD] [SECONDS]     (build/release, 60)
#
# Exit status 1 when the figure does not arrive or the agent dies; never for what it costs.
set -eu

build=${1:-build/release}
seconds=${2:-60}
data=$(cd "$(dirname "$0")/../../aggregator/data/tien-giang" && pwd)
folder=$(mktemp -d /tmp/lantoa-rest-XXXXXX)
aggregator='' agent=''

end() {
	status=$?
	for pid in $agent $aggregator; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true
	done
	[ $status = 0 ] || cat "$folder"/*.log >&2
	rm -rf "$folder"
	exit $status
}
trap end EXIT
trap 'exit 1' INT TERM

lantoa() { "$build/aggregator/lantoa" --api "unix:$folder/province.sock" "$@"; }
office() { "$build/agent/lantoa-agent" --config "$folder/agent.conf" "$@"; }

# until COMMAND...: try it for half a minute.
until_true() {
	for _ in $(seq 300); do
		if "$@" >/dev/null 2>&1; then return 0; fi
		sleep 0.1
	done
	echo "agent_rest: gave up waiting for: $*" >&2
	exit 1
}

# field FILE NAME: the number behind "NAME:".
field() { awk -v name="$2:" '$1 == name { print $2; exit }' "/proc/$agent/$1"; }
wakes() { cat /proc/"$agent"/task/*/status | awk '/^voluntary_ctxt/ { n += $2 } END { print n }'; }
# utime and stime of /proc/PID/stat, counted from behind the name, which may hold blanks.
ticks() { sed 's/.*) //' "/proc/$agent/stat" | awk '{ print $12 + $13 }'; }
# show LABEL VALUE UNIT AIM
show() { printf '%-40s %10s %-6s %s\n' "$1" "$2" "$3" "$4"; }
kib() { awk -v kib="$1" 'BEGIN { printf "%.2f", kib / 1024 }'; }

mkdir "$folder/province" "$folder/office"
cat >"$folder/aggregator.conf" <<END
[aggregator]
state_dir = $folder/province
[gate]
listen = tcp://127.0.0.1:0
[api]
socket = $folder/province.sock
END
cat >"$folder/agent.conf" <<END
[agent]
state_dir = $folder/office
api_socket = $folder/office.sock
[page]
listen = 127.0.0.1:0
END

"$build/aggregator/lantoa-aggregator" --config "$folder/aggregator.conf" \
	2>"$folder/aggregator.log" &
aggregator=$!
until_true lantoa status
lantoa units import "$data/units.csv" >"$folder/setup.log"
lantoa catalogue import "$data/catalogue.csv" >>"$folder/setup.log"
lantoa office add rest --name Rest --unit 28249 --from 2025-01-01 >>"$folder/setup.log"
office enrol "$(lantoa office invite rest)" >>"$folder/setup.log"
"$build/agent/lantoa-agent" --config "$folder/agent.conf" run 2>"$folder/agent.log" &
agent=$! # not office(): that would be the subshell's
until_true office status
office record team.count=7 --period 2025-06 >>"$folder/setup.log"

arrived() { lantoa --format csv query team.count --area 28249 --from 2025-06 --to 2025-06 |
	grep -q ',7,'; }
until_true arrived
settled() { office status --json | tr -d ' \n' | grep -q '"waiting_batches":0[,}]'; }
until_true settled
sleep 2 # what follows an ack, a checkpoint say, is not rest yet

wakes_before=$(wakes) ticks_before=$(ticks)
disk_before=$(field io write_bytes) wchar_before=$(field io wchar)
sleep "$seconds"
wakes_after=$(wakes) ticks_after=$(ticks)

echo "agent at rest for $seconds s"
show "private dirty memory" "$(kib "$(field smaps_rollup Private_Dirty)")" MiB "aim 1.2"
show "RSS" "$(kib "$(field smaps_rollup Rss)")" MiB "aim 10"
show "Pss" "$(kib "$(field smaps_rollup Pss)")" MiB ""
show "threads" "$(field status Threads)" "" ""
show "CPU time" "$(awk -v n=$((ticks_after - ticks_before)) -v hz="$(getconf CLK_TCK)" \
	'BEGIN { printf "%.0f", n * 1000 / hz }')" ms ""
show "voluntary context switches" $((wakes_after - wakes_before)) "" ""
show "bytes written to disk" $(($(field io write_bytes) - disk_before)) B "aim 0"
show "bytes given to write()" $(($(field io wchar) - wchar_before)) B "wakes its own threads, too"
