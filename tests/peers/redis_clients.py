#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
"""Stock Redis tools against three nodes: redis-cli, redis-cli --cluster check, redis-benchmark
--cluster with pipelines, and Debian's redis-py cluster client."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from cluster_lib import Failed, run_with_cluster  # noqa: E402

BINARY = os.environ.get("HARKA_BINARY", str(ROOT / "build" / "release" / "apps" / "harka"))

SESSION = ROOT / "tests" / "support" / "redis_py_session.py"


def run(*words, ok="", text=None):
    result = subprocess.run(words, capture_output=True, text=True, timeout=60, input=text)
    out = result.stdout + result.stderr
    if result.returncode != 0 or ok not in out:
        raise Failed(f"{' '.join(map(str, words[:6]))}: exit {result.returncode}: {out[-500:]}")
    print("  ok: " + " ".join(str(word) for word in words[:4]).splitlines()[0])
    return out


def check(cluster):
    port = str(cluster.ports[0])
    run("redis-cli", "-c", "-p", port, "set", "hello", "world", ok="OK")
    run("redis-cli", "-c", "-p", str(cluster.ports[1]), "get", "hello", ok="world")
    run("redis-cli", "-3", "-c", "-p", port, "get", "absent")
    run("redis-cli", "--cluster", "check", f"127.0.0.1:{port}", ok="All 16384 slots covered")
    for pipeline in ("1", "16"):
        run("redis-benchmark", "--cluster", "-p", port, "-c", "20", "-P", pipeline, "-n", "2000", "-r", "1000",
            "-t", "set,get", "-q", ok="GET")
    run("/usr/bin/python3", str(SESSION), port, "debian")
    out = subprocess.run(["redis-cli", "-p", port, "nonsense"], capture_output=True, text=True)
    if "ERR unknown command" not in out.stdout + out.stderr:
        raise Failed("an unknown command did not get Redis's error: " + out.stdout)


sys.exit(run_with_cluster(check, BINARY, shards=20))
