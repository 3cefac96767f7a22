#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
# may skip: no Python package index can be reached
"""The redis-py of the Python package index, years newer than Debian's, against three nodes: its
cluster client with RESP2 and RESP3, pipelines, reads of followers, and its asynchronous client.
The packages go to build/redis-py."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from cluster_lib import Failed, run_with_cluster  # noqa: E402

BINARY = os.environ.get("HARKA_BINARY", str(ROOT / "build" / "release" / "apps" / "harka"))
PACKAGE = "redis==8.1.0"
SESSION = ROOT / "tests" / "support" / "redis_py_session.py"


def interpreter():
    """Of a virtual environment that has the package; None: it cannot be installed here."""
    folder = ROOT / "build" / "redis-py" / PACKAGE
    python = folder / "bin" / "python"
    done = folder / "installed"
    if done.exists():
        return python
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--clear", folder], check=True)
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", PACKAGE],
        capture_output=True, text=True, timeout=120)
    if installed.returncode != 0:
        print((installed.stdout + installed.stderr)[-500:])
        return None
    done.touch()
    return python


def run(python, cluster):
    for protocol in ("2", "3"):
        words = [python, SESSION, str(cluster.ports[0]), "p" + protocol, protocol]
        result = subprocess.run(words, capture_output=True, text=True, timeout=60)
        if result.returncode != 0:
            raise Failed(f"RESP{protocol}: " + (result.stdout + result.stderr)[-1500:])
        print(f"  ok: {PACKAGE} with RESP{protocol}")


def main():
    python = interpreter()
    if python is None:
        print(f"skipped: pip cannot install {PACKAGE}")
        return 77
    return run_with_cluster(lambda cluster: run(python, cluster), BINARY, shards=20)


sys.exit(main())
