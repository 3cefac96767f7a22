#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damage to what a node has on its disk: found and said, repaired by the others, nothing is lost.

One node of three is damaged at a time; the others serve all the while. Every write that was
acknowledged is read again after each repair, while another node is down, so that the repaired one
is needed for it.
"""
import shutil
import signal
import subprocess
import sys

from e2e_lib import BINARY, Failed, Recorder, Resp, main, wait_for
from cluster_lib import Server, free_port

BOUND = 60
KEYS = 120


class Ledger:
    """Values that were acknowledged, over all shards."""

    def __init__(self, cluster):
        self.cluster, self.values, self.round = cluster, {}, 0

    def call(self, key, *words):
        recorder = Recorder(self.cluster, clients=0)
        outcome = []

        def is_done():
            outcome[:] = recorder.call({}, {}, key, words)
            return outcome[0] == "ok"
        wait_for(f"{words[0]} {key}", BOUND, is_done)
        return outcome[1]

    def write(self):
        self.round += 1
        for i in range(KEYS):
            key, value = f"key:{i}", f"{self.round}.{i}." + "x" * 400
            self.call(key, "SET", key, value)
            self.values[key] = value

    def check(self):
        for key, value in self.values.items():
            found = self.call(key, "GET", key)
            if found != value:
                raise Failed(f"{key} was acknowledged as {value[:12]}, but is {str(found)[:12]}")


def log_of(cluster, i):
    return (cluster.servers[i].folder / "log").read_text(errors="replace")


def data_of(cluster, i):
    return cluster.servers[i].folder / "data"


def kill(cluster, i):
    cluster.servers[i].kill()
    cluster.servers[i].process.wait()


def restart(cluster, ledger, i):
    cluster.servers[i].start()
    cluster.wait_healthy(BOUND)
    ledger.check()


def restart_and_need(cluster, ledger, i):
    """Brings node `i` back, then takes another one away: the data is still all there."""
    cluster.servers[i].start()
    cluster.wait_healthy(BOUND)
    other = (i + 1) % len(cluster.servers)
    kill(cluster, other)
    ledger.check()
    ledger.write()
    cluster.servers[other].start()
    cluster.wait_healthy(BOUND)


def newest_segment(cluster, i):
    return max(data_of(cluster, i).glob("log/*.seg"), key=lambda path: path.stat().st_mtime_ns)


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0x10]))


def end_of(path):
    """The offset behind the last byte that is not zero."""
    return len(path.read_bytes().rstrip(b"\0"))


def check_torn_tail(cluster, ledger):
    """A record cut short at the very end: what a power failure leaves."""
    kill(cluster, 2)
    segment = newest_segment(cluster, 2)
    with open(segment, "r+b") as file:
        end = end_of(segment)
        file.seek(end - 20)
        file.write(b"\0" * 20)
    ledger.write()
    restart(cluster, ledger, 2)
    if "a write that was never acknowledged was cut from" not in log_of(cluster, 2):
        raise Failed("the cut is not in the log")


def check_flipped_log(cluster, ledger):
    kill(cluster, 2)
    segment = newest_segment(cluster, 2)
    flip(segment, end_of(segment) // 2)
    ledger.write()
    restart_and_need(cluster, ledger, 2)
    if f"{segment.name} is damaged at byte " not in log_of(cluster, 2):
        raise Failed(f"no word about the damage to {segment.name}")


def check_lost_state(cluster, ledger):
    kill(cluster, 2)
    shutil.rmtree(data_of(cluster, 2) / "state")
    ledger.write()
    restart_and_need(cluster, ledger, 2)
    if "the applied state is gone" not in log_of(cluster, 2):
        raise Failed("no word about the state")


def refused(words, code, *says):
    result = subprocess.run(words, capture_output=True, text=True, timeout=BOUND)
    text = f"{' '.join(words)}\nexit code {result.returncode}\n{result.stderr}"
    if result.returncode != code or any(said not in result.stderr for said in says):
        raise Failed(f"exit code {code} and {says} expected: {text}")


def check_locked(cluster, ledger):
    server = cluster.servers[0]
    refused(server.words, 6, "HK6003", f"in use by process {server.process.pid}")
    ledger.check()


def check_lost_log(cluster, ledger):
    """Without its log a node must not go on as the one it was."""
    kill(cluster, 2)
    log, aside = data_of(cluster, 2) / "log", data_of(cluster, 2) / "aside"
    log.rename(aside)
    refused(cluster.servers[2].words, 6, "HK6002", "has no log, but state")
    aside.rename(log)
    ledger.write()
    restart(cluster, ledger, 2)


def check_damaged_identity(cluster, ledger):
    kill(cluster, 2)
    identity = data_of(cluster, 2) / "identity"
    whole = identity.read_bytes()
    flip(identity, len(whole) // 2)
    refused(cluster.servers[2].words, 6, "HK6002", "identity is damaged")
    identity.write_bytes(whole[:-5])
    refused(cluster.servers[2].words, 6, "HK6002", "identity is damaged")
    identity.write_bytes(whole)
    restart(cluster, ledger, 2)


def check_single_node(cluster, _ledger):
    """Nobody else could repair it: it refuses, names the place and changes nothing."""
    folder = cluster.folder / "single"
    port = free_port()
    words = [str(BINARY), "start", "--data", str(folder / "data"), "--client-address", f"127.0.0.1:{port}",
             "--link-address", f"127.0.0.1:{free_port()}"]
    server = Server(words, folder)
    wait_for("a single node", BOUND, lambda: Resp(port).call("SET", "k", "v" * 500) == "OK")
    server.kill(signal.SIGTERM)
    server.process.wait(BOUND)
    segment = min((folder / "data" / "log").glob("*.seg"))
    at = segment.read_bytes().index(b"v" * 500)
    flip(segment, at)
    for _ in range(2):
        refused(words, 6, "HK6002", f"{segment.name} is damaged at byte")
    flip(segment, at)
    server.start()
    try:
        wait_for("its own data", BOUND, lambda: Resp(port).call("GET", "k") == "v" * 500)
    finally:
        server.end()


def run(cluster):
    ledger = Ledger(cluster)
    ledger.write()
    for check in (check_torn_tail, check_flipped_log, check_lost_state, check_locked, check_lost_log,
                  check_damaged_identity, check_single_node):
        check(cluster, ledger)
        print(f"  {check.__name__}")


sys.exit(main(run))
