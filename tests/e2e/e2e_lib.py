# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: a cluster of real processes, recorded clients, the checker."""
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from cluster_lib import Failed, Resp, run_with_cluster, wait_for  # noqa: E402,F401

BINARY = Path(os.environ.get("HARKA_BINARY", ROOT / "build" / "release" / "apps" / "harka"))


class Recorder:
    """Clients that write unique values and read, on few keys, and record what they saw.

    One JSON object a line, as `harka check history` reads it: client, op (write or read), key,
    value, outcome (ok, fail, unknown), start_ns, end_ns.
    """

    def __init__(self, cluster, clients=4, keys=24, first_client=0):
        self.cluster, self.keys = cluster, keys
        self.stop_event = threading.Event()
        self.lock = threading.Lock()
        self.history = []
        self.acknowledged = {}
        self.count = 0
        self.threads = [threading.Thread(target=self.run, args=(first_client + i,))
                        for i in range(clients)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stop_event.set()
        for thread in self.threads:
            thread.join()

    def progress(self, more, bound=30):
        """Waits until `more` further operations succeeded."""
        target = self.count + more
        wait_for(f"{more} more operations", bound, lambda: self.count >= target, 0.02)

    def run(self, client):
        connections, number, preferred = {}, 0, {}
        while not self.stop_event.is_set():
            number += 1
            key = f"reg:{(client * 7 + number * 5) % self.keys}"
            is_write = (number + client) % 2 == 0
            value = f"{client}-{number}"
            row = {"client": client, "op": "write" if is_write else "read", "key": key,
                   "value": value if is_write else None, "outcome": "unknown",
                   "start_ns": time.monotonic_ns(), "end_ns": None}
            words = ("SET", key, value) if is_write else ("GET", key)
            outcome, answer = self.call(connections, preferred, key, words)
            row["outcome"] = outcome
            if outcome != "unknown":
                row["end_ns"] = time.monotonic_ns()
            if outcome == "ok" and not is_write:
                row["value"] = answer
            with self.lock:
                self.history.append(row)
                if outcome == "ok":
                    self.count += 1

    def call(self, connections, preferred, key, words):
        """ok, fail (certainly nothing happened) or unknown; follows MOVED."""
        port = preferred.get(key, self.cluster.ports[hash(key) % len(self.cluster.ports)])
        for _ in range(8):
            try:
                if port not in connections:
                    connections[port] = Resp(port, 3.0)
            except OSError:
                port = self.other(port)
                time.sleep(0.01)
                continue
            try:
                answer = connections[port].call(*words)
                preferred[key] = port
                return "ok", answer
            except Failed as refused:
                words_back = str(refused).split()
                if words_back[0] == "MOVED":
                    port = int(words_back[2].rsplit(":", 1)[1])
                elif words_back[0] in ("CLUSTERDOWN", "TRYAGAIN"):
                    time.sleep(0.01)
                else:
                    return "unknown", None
            except OSError:
                connections.pop(port).close()
                preferred.pop(key, None)
                return "unknown", None
        return "fail", None

    def other(self, port):
        ports = self.cluster.ports
        return ports[(ports.index(port) + 1) % len(ports)] if port in ports else ports[0]

    def check(self):
        """Every history must be linearizable, as our own checker sees it."""
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", delete=False) as file:
            for row in self.history:
                file.write(json.dumps(row) + "\n")
        result = subprocess.run([str(BINARY), "check", "history", file.name],
                                capture_output=True, text=True)
        if result.returncode != 0:
            raise Failed(f"the history in {file.name} is not linearizable: "
                         + (result.stdout + result.stderr)[-800:])
        os.unlink(file.name)
        oks = sum(1 for row in self.history if row["outcome"] == "ok")
        print(f"  {len(self.history)} operations, {oks} ok, linearizable")


def main(run, nodes=3):
    """Runs a test with a fresh cluster; the exit code is the verdict."""
    return run_with_cluster(run, BINARY, nodes=nodes, shards=12)
