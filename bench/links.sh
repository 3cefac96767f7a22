#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Links with mutual TLS beside Erlang/OTP distribution, plain and over TLS, on loopback in one run.
# usage: bench/links.sh BUILD_DIR [ONE_WAY_COUNT] [ROUND_TRIPS]
set -euo pipefail
build=${1:?usage: bench/links.sh BUILD_DIR [ONE_WAY_COUNT] [ROUND_TRIPS]}
count=${2:-3000000}
rounds=${3:-10000}
here=$(cd "$(dirname "$0")" && pwd)
bench=$(cd "$build" && pwd)/bench/bench_links
dir=$(mktemp -d)
started=()
cleanup() {
  for pid in "${started[@]:-}"; do [ -n "$pid" ] && kill "$pid" 2>/dev/null || true; done
  rm -rf "$dir"
}
trap cleanup EXIT

wait_ready() { for _ in $(seq 100); do grep -q ready "$1" && return; sleep 0.1; done; exit 1; }

harka() {  # environment assignments
  local port=$((20000 + RANDOM % 20000))
  mkfifo "$dir/pipe.$port"
  env "$@" "$bench" server "$dir/ca" $port < "$dir/pipe.$port" > "$dir/server.$port" &
  started+=($!)
  exec 9> "$dir/pipe.$port"
  wait_ready "$dir/server.$port"
  env "$@" "$bench" client "$dir/ca" $port "$count" "$rounds" 2> "$dir/client.err" || cat "$dir/client.err" >&2
  exec 9>&-
}

erlang() {  # label, more arguments for both nodes
  local label=$1; shift
  local port=$((20000 + RANDOM % 20000))
  local common=(-noshell -pa "$dir" -start_epmd false -erl_epmd_port "$port" -setcookie links
                +zdbbl 32768 "$@")
  (cd "$dir" && exec erl "${common[@]}" -sname s@localhost -s links_erlang server) \
    > "$dir/$label.server" 2>&1 &
  started+=($!)
  wait_ready "$dir/$label.server"
  (cd "$dir" && erl "${common[@]}" -sname c@localhost -dist_listen false -server s@localhost \
    -label "$label" -count $((count / 6)) -rounds "$rounds" -s links_erlang client)
}

"$bench" certs "$dir/ca"
{
  echo "machine $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), load $(cut -d' ' -f1 /proc/loadavg)"
  harka HARKA_BENCH=tls
  harka HARKA_BENCH_PLAIN=1
  if command -v erl > /dev/null && command -v erlc > /dev/null; then
    erlc -o "$dir" "$here/links_erlang.erl"
    cat > "$dir/ssl.conf" <<CONF
[{server, [{cacertfile, "$dir/ca/ca.pem"}, {certfile, "$dir/ca/server.pem"},
           {keyfile, "$dir/ca/server.key"}, {verify, verify_peer},
           {fail_if_no_peer_cert, true}]},
 {client, [{cacertfile, "$dir/ca/ca.pem"}, {certfile, "$dir/ca/client.pem"},
           {keyfile, "$dir/ca/client.key"}, {verify, verify_peer}]}].
CONF
    erlang erlang_plain
    erlang erlang_tls -proto_dist inet_tls -ssl_dist_optfile "$dir/ssl.conf"
  else
    echo "no Erlang here: apt-get install erlang-base erlang-ssl erlang-crypto erlang-public-key"
  fi
} | tee "$dir/result"
awk '/one_way/ { rate[$1] = $3; rtt[$1] = $5 }
  END {
    if (rate["erlang_plain"]) printf "ratio one_way harka_tls / erlang_plain %.2f (bar 5)\n",
      rate["harka_tls"] / rate["erlang_plain"]
    if (rate["erlang_tls"]) printf "ratio one_way harka_tls / erlang_tls %.2f\n",
      rate["harka_tls"] / rate["erlang_tls"]
    if (rtt["erlang_tls"]) printf "ratio rtt_p50 harka_tls / erlang_tls %.2f (bar 1.2 or less)\n",
      rtt["harka_tls"] / rtt["erlang_tls"]
  }' "$dir/result"
