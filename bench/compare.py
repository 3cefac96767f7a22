#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HARKA beside Redis Cluster and etcd on this machine, in one run; prints ratios.

Three-node HARKA (fsync on, quorum commit, mutual TLS between nodes), Redis Cluster 3+3 with
appendfsync everysec and always, three-node etcd. 100-byte values, 100,000 keys (etcd: ten keys, see
below), 50 clients, interleaved rounds, medians. Only one system runs at a time under load; the
others are stopped (SIGSTOP), so that they cost nothing.

etcd is driven by h2load speaking gRPC (KV.Put), which keeps up; ten processes of five clients, each
with its own key, because h2load sends one body a process.
"""
import argparse
import json
import os
import platform
import re
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))
from cluster_lib import Etcd, Failed, Harka, RedisCluster, Resp, wait_for  # noqa: E402

CASES = {  # name: (command, pipeline, systems)
    "set-P1": ("set", 1, ["harka", "etcd", "redis-always", "redis-everysec"]),
    "set-P16": ("set", 16, ["harka", "redis-always", "redis-everysec"]),
    "get-P1": ("get", 1, ["harka", "redis-everysec"]),
    "get-P16": ("get", 16, ["harka", "redis-everysec"]),
}
CLIENTS = 50
KEYS = 100_000
VALUE_BYTES = 100


def file_system_of(folder):
    """Type of the file system that a folder is on."""
    best, kind = "", "?"
    path = str(Path(folder).resolve())
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ")
        point = before.split()[4]
        if (path + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


def machine(folder):
    """What the numbers come from. A file system in memory is refused: its syncs cost nothing."""
    model = re.search(r"^model name\s*: (.*)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    kind = file_system_of(folder)
    if kind in ("tmpfs", "ramfs"):
        raise Failed(f"{folder} is on {kind}, where a sync costs nothing: give --folder on a disk")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cores": os.cpu_count(), "cpu": model.group(1) if model else platform.machine(),
            "memory_gib": round(memory, 1), "kernel": platform.release(), "file_system": kind,
            "fdatasync_p50_ms": round(fdatasync_p50(folder), 3),
            "load": round(os.getloadavg()[0], 1)}


def fdatasync_p50(folder, count=100):
    """Milliseconds of one 4 KiB overwrite with fdatasync."""
    path = Path(folder) / "probe"
    times = []
    with open(path, "wb+", buffering=0) as file:
        file.write(bytes(1 << 20))
        os.fsync(file.fileno())
        for i in range(count):
            began = time.perf_counter()
            os.pwrite(file.fileno(), bytes(4096), (i % 256) * 4096)
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    path.unlink()
    return statistics.median(times) * 1000


def disk_flushes():
    """Flush requests that all disks of the machine completed since boot; None if not told."""
    total, known = 0, False
    for stat in Path("/sys/block").glob("*/stat"):
        fields = stat.read_text().split()
        if len(fields) >= 16:
            total, known = total + int(fields[15]), True
    return total if known else None


def pause(cluster, how):
    for server in cluster.servers:
        server.kill(how)


def redis_load(port, test, pipeline, requests):
    out = subprocess.run(
        ["redis-benchmark", "--cluster", "-h", "127.0.0.1", "-p", str(port), "-c", str(CLIENTS),
         "-P", str(pipeline), "-r", str(KEYS), "-d", str(VALUE_BYTES), "-n", str(requests),
         "-t", test, "--csv"], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        cells = line.replace('"', "").split(",")
        if cells[0].upper() == test.upper():
            return {"rate": float(cells[1]), "p50_ms": float(cells[4]), "p99_ms": float(cells[6])}
    raise Failed("redis-benchmark printed no result: " + out[-300:])


def etcd_put_body(number):
    key, value = b"key:%012d" % number, b"x" * VALUE_BYTES
    message = b"\x0a" + bytes([len(key)]) + key + b"\x12" + bytes([len(value)]) + value
    return b"\x00" + struct.pack(">I", len(message)) + message


def etcd_load(cluster, requests, folder):
    processes, per_process = [], 10
    for i in range(per_process):
        body = Path(folder) / f"body{i}"
        body.write_bytes(etcd_put_body(i))
        port = cluster.ports[i % len(cluster.ports)]
        processes.append(subprocess.Popen(
            ["h2load", "-n", str(max(1, requests // per_process)), "-c",
             str(CLIENTS // per_process), "-m", "1", "-t", "1", "-d", str(body),
             "-H", "content-type: application/grpc", "-H", "te: trailers",
             f"http://127.0.0.1:{port}/etcdserverpb.KV/Put"],
            stdout=subprocess.PIPE, text=True))
    rate, p50 = 0.0, []
    for process in processes:
        out = process.communicate()[0]
        found = re.search(r"finished in ([\d.]+)(\w+), ([\d.]+) req/s", out)
        ok = re.search(r"(\d+) succeeded, (\d+) failed", out)
        if not found or not ok or int(ok.group(2)):
            raise Failed("h2load failed: " + out[-400:])
        rate += float(found.group(3))
        mean = re.search(r"time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)", out)
        if mean:
            p50.append(float(mean.group(1)) * {"us": 0.001, "ms": 1, "s": 1000}[mean.group(2)])
    return {"rate": rate, "p50_ms": statistics.mean(p50) if p50 else 0, "p99_ms": 0}


def load(cluster, test, pipeline, requests, folder):
    if cluster.name == "etcd":
        return etcd_load(cluster, requests, folder)
    return redis_load(cluster.ports[0], test, pipeline, requests)


def measure(cluster, test, pipeline, seconds, warm, folder):
    """One round: calibrate, warm up, then about `seconds` of load."""
    pause(cluster, signal.SIGCONT)
    try:
        time.sleep(1.0)  # leaders that stood still are given back; measured below, not assumed
        if cluster.name == "harka":
            cluster.wait_healthy()
        rate = load(cluster, test, pipeline, 3000 * pipeline, folder)["rate"]
        rate = load(cluster, test, pipeline, max(1000, int(rate * warm)), folder)["rate"]
        sync, flushes = fdatasync_p50(folder), disk_flushes()
        cpu, written = cluster.cpu_seconds(), cluster.written_bytes()
        switches = cluster.switches()
        requests = max(1000, int(rate * seconds))
        result = load(cluster, test, pipeline, requests, folder)
        result["cpu_us_per_op"] = (cluster.cpu_seconds() - cpu) / requests * 1e6
        result["bytes_per_op"] = (cluster.written_bytes() - written) / requests
        result["switches_per_op"] = (cluster.switches() - switches) / requests
        result["fdatasync_p50_ms"] = sync
        result["flushes_per_op"] = (disk_flushes() - flushes) / requests if flushes else None
        return result
    finally:
        pause(cluster, signal.SIGSTOP)


def median_of(rounds):
    keys = rounds[0].keys()
    return {key: statistics.median([r[key] for r in rounds if r[key] is not None] or [0])
            for key in keys}


def throughput(arguments, clusters, folder, report):
    for case in arguments.cases or CASES:
        test, pipeline, names = CASES[case]
        names = [name for name in names if name in clusters]
        rounds = {name: [] for name in names}
        for number in range(arguments.rounds):
            for name in names:
                result = measure(clusters[name], test, pipeline, arguments.seconds,
                                 arguments.warm, folder)
                rounds[name].append(result)
                print(f"  round {number + 1} {test} P={pipeline} {name}: {result['rate']:.0f}/s",
                      file=sys.stderr)
        for name in names:
            report[f"{test}-P{pipeline}-{name}"] = median_of(rounds[name])
            row = report[f"{test}-P{pipeline}-{name}"]
            flushes = f"{row['flushes_per_op']:.3f}" if row["flushes_per_op"] else "-"
            print(f"{test.upper()} P={pipeline:<2} {name:15} {row['rate']:>10.0f}/s  p50 "
                  f"{row['p50_ms']:.2f} ms  cpu {row['cpu_us_per_op']:.1f} us/op  "
                  f"switches {row['switches_per_op']:.2f}/op  {row['bytes_per_op']:.0f} B/op  "
                  f"flushes {flushes}/op  fdatasync p50 {row['fdatasync_p50_ms']:.2f} ms")


def gap_after_kill(cluster, write):
    """Seconds without a successful write around a kill -9 of the leader of the written key."""
    victim = cluster.leader_of("gap")
    stop, times = threading.Event(), []

    def client():
        while not stop.is_set():
            if write(cluster, victim):
                times.append(time.monotonic())
            time.sleep(0.002)

    thread = threading.Thread(target=client)
    thread.start()
    wait_for("writes before the kill", 10, lambda: len(times) > 50)
    killed = time.monotonic()
    cluster.servers[victim].kill()
    cluster.servers[victim].process.wait()
    try:
        wait_for("a write after the kill", 30, lambda: times and times[-1] > killed + 0.05)
    finally:
        stop.set()
        thread.join()
    after = [t for t in times if t > killed]
    gap = max(b - a for a, b in zip([killed] + after, after)) if after else float("inf")
    cluster.servers[victim].start()
    return gap


def harka_write():
    connections = {}

    def write(cluster, victim):
        for port in cluster.ports:
            if port == cluster.ports[victim] and connections.get("killed"):
                continue
            try:
                if port not in connections:
                    connections[port] = Resp(port, 1.0)
                return connections[port].call("SET", "gap", "x") == "OK"
            except Failed as moved:
                words = str(moved).split()
                if words[0] == "MOVED":
                    continue
                return False
            except OSError:
                connections.pop(port, None)
        return False
    return write


def unavailability(cluster, count, report):
    gaps = []
    for number in range(count):
        gaps.append(gap_after_kill(cluster, harka_write()))
        print(f"  kill {number + 1}: {gaps[-1]:.3f} s", file=sys.stderr)
        cluster.wait_healthy(90)
    report["unavailability"] = {"median_s": statistics.median(gaps), "worst_s": max(gaps),
                                "count": count}
    print(f"unavailability after kill -9 of the leader: median {statistics.median(gaps):.3f} s, "
          f"worst {max(gaps):.3f} s of {count}")


def idle(cluster, report, seconds=10):
    time.sleep(3)
    before = [server.cpu_seconds() for server in cluster.servers]
    time.sleep(seconds)
    used = [(server.cpu_seconds() - b) / seconds * 100
            for server, b in zip(cluster.servers, before)]
    report["idle_percent_of_a_core"] = used
    print("idle, 100 shards: " + ", ".join(f"{u:.1f} %" for u in used) + " of a core a node")


def is_wanted(system, arguments):
    return (system in (arguments.systems or [system]) and
            any(system in CASES[case][2] for case in arguments.cases or CASES))


def bars(report):
    def rate(key):
        return report.get(key, {}).get("rate", 0)

    def ratio(a, b):
        return rate(a) / rate(b) if rate(b) else 0

    rows = [("SET P=1 / etcd", "set-P1", "etcd", 4.0),
            ("SET P=16 / Redis always", "set-P16", "redis-always", 0.5),
            ("GET P=1 / Redis Cluster", "get-P1", "redis-everysec", 0.6),
            ("GET P=16 / Redis Cluster", "get-P16", "redis-everysec", 0.6)]
    for name, case, peer, bar in rows:
        value = ratio(f"{case}-harka", f"{case}-{peer}")
        if not value:
            continue  # was not asked for
        print(f"{'met ' if value >= bar else 'MISS'}  {name:28} {value:6.2f}x   bar {bar}x")
    if "unavailability" in report:
        gap = report["unavailability"]
        met = gap["median_s"] <= 1.0 and gap["worst_s"] <= 2.0
        print(f"{'met ' if met else 'MISS'}  kill -9: median {gap['median_s']:.2f} s (bar 1.0), "
              f"worst {gap['worst_s']:.2f} s (bar 2.0)")
    if "idle_percent_of_a_core" in report:
        worst = max(report["idle_percent_of_a_core"])
        print(f"{'met ' if worst <= 2 else 'MISS'}  idle: {worst:.1f} % of a core (bar 2 %)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="build/release/apps/harka")
    parser.add_argument("--folder", help="where data goes: not a tmpfs", default="build/bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--warm", type=float, default=10)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--only", choices=["throughput", "unavailability", "idle"])
    parser.add_argument("--cases", nargs="+", choices=list(CASES), help="of throughput; all")
    parser.add_argument("--systems", nargs="+", help="of throughput; all",
                        choices=["harka", "etcd", "redis-always", "redis-everysec"])
    parser.add_argument("--json", help="write the report here")
    arguments = parser.parse_args()
    Path(arguments.folder).mkdir(parents=True, exist_ok=True)
    report, clusters = {"machine": machine(arguments.folder)}, {}
    print("machine: " + ", ".join(f"{k} {v}" for k, v in report["machine"].items()), flush=True)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        try:
            binary = Path(arguments.binary).resolve()
            clusters["harka"] = Harka(binary, Path(folder).resolve() / "harka")
            if arguments.only in (None, "idle"):
                idle(clusters["harka"], report)
            if arguments.only in (None, "unavailability"):
                unavailability(clusters["harka"], arguments.kills, report)
            if arguments.only in (None, "throughput"):
                pause(clusters["harka"], signal.SIGSTOP)
                for make, name in ((lambda f: RedisCluster(f, "always"), "redis-always"),
                                   (lambda f: RedisCluster(f, "everysec"), "redis-everysec"),
                                   (Etcd, "etcd")):
                    if not is_wanted(name, arguments):
                        continue
                    clusters[name] = make(Path(folder).resolve() / name)
                    pause(clusters[name], signal.SIGSTOP)
                throughput(arguments, clusters, folder, report)
        finally:
            for cluster in clusters.values():
                pause(cluster, signal.SIGCONT)
                cluster.end()
    bars(report)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        print(f"compare: {failure}", file=sys.stderr)
        sys.exit(1)
