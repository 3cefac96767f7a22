#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damage to what a node has on its disk: found and said, repaired by the others, nothing is lost.

One node of three is damaged at a time; the others serve all the while. Every write that was
acknowledged is read again after each repair, while another node is down, so that the repaired one
is needed for it.
"""
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

from e2e_lib import BINARY, Failed, Recorder, Resp, main, wait_for
from cluster_lib import Server, free_port

BOUND = 60
KEYS = 120


class Ledger:
    """Values that were acknowledged, over all shards."""

    def __init__(self, cluster):
        self.cluster, self.values, self.round = cluster, {}, 0
        self.client, self.connections, self.preferred = Recorder(cluster, clients=0), {}, {}

    def call(self, key, *words):
        outcome = []

        def is_done():
            outcome[:] = self.client.call(self.connections, self.preferred, key, words)
            return outcome[0] == "ok"
        wait_for(f"{words[0]} {key}", BOUND, is_done)
        return outcome[1]

    def write(self):
        self.round += 1
        for i in range(KEYS):
            key, value = f"key:{i}", f"{self.round}.{i}." + "x" * 400
            self.call(key, "SET", key, value)
            self.values[key] = value

    def fill(self):
        for _ in range(10):
            key, value = f"fill:{len(self.values)}", f"{len(self.values)}." + "f" * 60000
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


def start_and_heal(cluster, i):
    """Until it votes again for all: a replica that is being restored does not."""
    cluster.servers[i].start()

    def is_healed():
        _, text = Resp(cluster.ports[i], 10).call("HARKA", "ACTORS")
        states = [row["state"] for row in json.loads(text)["items"] if row["name"].startswith("replica/")]
        return len(states) >= 13 and all(state.startswith(("leader", "follower")) for state in states)
    wait_for("healing", BOUND, is_healed)
    cluster.wait_healthy(BOUND)


def restart(cluster, ledger, i):
    start_and_heal(cluster, i)
    ledger.check()


def restart_and_need(cluster, ledger, i):
    """Brings node `i` back, then takes another one away: the data is still all there."""
    start_and_heal(cluster, i)
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
    if "is incomplete and was dropped" not in log_of(cluster, 2):
        raise Failed("the cut is not in the log")


def check_flipped_log(cluster, ledger):
    kill(cluster, 2)
    segment = min(data_of(cluster, 2).glob("log/*.seg"))
    flip(segment, end_of(segment) // 2)
    ledger.write()
    restart_and_need(cluster, ledger, 2)
    if f"{segment.name} is damaged at byte " not in log_of(cluster, 2):
        raise Failed(f"no word about the damage to {segment.name}")


def check_lost_state(cluster, ledger):
    kill(cluster, 2)
    shutil.rmtree(data_of(cluster, 2) / "state")
    ledger.write()
    restart(cluster, ledger, 2)
    if "the applied state is gone" not in log_of(cluster, 2):
        raise Failed("no word about the state")


def check_cut_state(cluster, ledger):
    """Under the running process, which reads it through a memory map."""
    os.truncate(data_of(cluster, 2) / "state" / "data.mdb", 2 * 4096)
    wait_for("the end of the node", BOUND, lambda: ledger.write() or cluster.servers[2].process.poll() == 6)
    if "HK6002" not in log_of(cluster, 2):
        raise Failed("the node ended without a word")
    (data_of(cluster, 2) / "state" / "damaged").unlink()
    refused(cluster.servers[2].words, 6, "HK6002", "data.mdb is cut")
    shutil.rmtree(data_of(cluster, 2) / "state")
    restart_and_need(cluster, ledger, 2)


def used_part(path):
    """The file is as long as its map; most of that is a hole."""
    with open(path, "rb") as file:
        return file.read(32 << 20)


def check_flipped_state(cluster, ledger):
    """A value that the damaged node leads is read: it ends rather than serve it."""
    key = next(key for key in ledger.values if cluster.leader_of(key) == 2)
    path = data_of(cluster, 2) / "state" / "data.mdb"
    value = ledger.values[key].encode()
    wait_for("the value in the state", BOUND, lambda: value in used_part(path), 0.3)
    kill(cluster, 2)
    content = used_part(path)
    with open(path, "r+b") as file:
        at = content.find(value)
        while at >= 0:  # pages that are no longer in use may have it, too
            file.seek(at + 100)
            file.write(b"y")
            at = content.find(value, at + 1)
    cluster.servers[2].start()
    wait_for("the end of the node", BOUND,
             lambda: ledger.call(key, "GET", key) == ledger.values[key] and cluster.servers[2].process.poll() == 6)
    refused(cluster.servers[2].words, 6, "HK6002", "does not fit its checksum", "found before")
    shutil.rmtree(data_of(cluster, 2) / "state")
    restart(cluster, ledger, 2)


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


class SmallDisk:
    """A tmpfs in a mount namespace of its own; whoever enters that sees it at `path`."""

    def __init__(self, path, size):
        self.path = path
        path.mkdir(parents=True)
        mount = f"mount -t tmpfs -o size={size} tmpfs {shlex.quote(str(path))} && echo ready && exec cat"
        self.holder = subprocess.Popen(["unshare", "-rm", "sh", "-c", mount], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        self.is_there = self.holder.stdout.readline() == "ready\n"

    def inside(self, words):
        return ["nsenter", f"--target={self.holder.pid}", "--mount", "--user", "--preserve-credentials",
                "--", *words]

    def grow(self, size):
        subprocess.run(self.inside(["mount", "-o", f"remount,size={size}", str(self.path)]), check=True)

    def end(self):
        self.holder.stdin.close()
        self.holder.wait()


def check_full_disk(cluster, ledger):
    """The third node's data moves to a disk that is soon too small."""
    data = data_of(cluster, 2)
    kill(cluster, 2)
    disk = SmallDisk(cluster.folder / "small", "20m")
    server = cluster.servers[2]
    usual = server.words
    try:
        if not disk.is_there:
            print("  check_full_disk is left out: no mount namespace may be made here")
            cluster.servers[2].start()
            return
        subprocess.run(disk.inside(["cp", "-r", "--sparse=always", f"{data}/.", str(disk.path)]), check=True)
        moved = [str(disk.path) if word == str(data) else word for word in usual]
        server.words = disk.inside([*moved, "--log-segment-bytes", "1MiB"])
        server.start()
        cluster.wait_healthy(BOUND)
        wait_for("a full disk", BOUND, lambda: ledger.fill() or server.process.poll() == 74)
        if "HK9002" not in log_of(cluster, 2):
            raise Failed("the node ended without a word")
        refused(server.words, 74, "HK9002", "No space left on device")
        disk.grow("400m")
        restart_and_need(cluster, ledger, 2)
        server.end()
    finally:
        server.end()
        disk.end()


def run(cluster):
    ledger = Ledger(cluster)
    ledger.write()
    for check in (check_torn_tail, check_flipped_log, check_lost_state, check_cut_state, check_flipped_state,
                  check_locked, check_lost_log, check_damaged_identity, check_single_node, check_full_disk):
        began = time.monotonic()
        check(cluster, ledger)
        print(f"  {check.__name__} {time.monotonic() - began:.1f} s", flush=True)


sys.exit(main(run))
