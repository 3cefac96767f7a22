#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The parts of the harness that decide: schedules, checkers, power loss, the proxy. Each must be able
to say no."""
import errno
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import verdict_lib
from disks_lib import Control, lose_power
from nodes_lib import PRELOAD, wait_for
from schedule_lib import KINDS, TRACKS, draw
from space_lib import Proxy

from cluster_lib import free_port  # nodes_lib knows where it is

KEYS = ["a", "b"]


def same(what, found, wanted):
    if found != wanted:
        raise AssertionError(f"{what}: {found!r}, not {wanted!r}")


def check_schedules():
    lines = [str(fault) for fault in draw(7, KINDS, 60, 5, KEYS)]
    same("one seed, two schedules", [str(fault) for fault in draw(7, KINDS, 60, 5, KEYS)], lines)
    if [str(fault) for fault in draw(8, KINDS, 60, 5, KEYS)] == lines:
        raise AssertionError("two seeds have one schedule")
    network = [line for line in lines if line.split()[4] in TRACKS["network"]]
    same("what another track shifts", [str(fault) for fault in draw(7, TRACKS["network"], 60, 5, KEYS)], network)
    same("faults after the end", [fault for fault in draw(7, KINDS, 60, 5, KEYS) if fault.until > 60], [])
    met = {fault.kind for seed in range(3) for fault in draw(seed, KINDS, 60, 3, KEYS)}
    same("kinds drawn", met, set(KINDS))


def row(client, op, value, outcome, start, end, position=None):
    return {"client": client, "op": op, "key": "k", "value": value, "outcome": outcome, "start_ns": start,
            "end_ns": end, "position": position}


APPENDS = [row(1, "append", "1.1", "ok", 0, 10, 4), row(2, "append", "2.1", "unknown", 5, None),
           row(1, "append", "1.2", "ok", 20, 30, 12), row(3, "append", "3.1", "fail", 20, 30),
           row(1, "read", "1.1;2.1;1.2;", "ok", 40, 50)]
# What is changed in the right history, and a word of what must be said about it.
WRONG_APPENDS = [
    (4, {"value": "1.1;2.1;"}, "lost"), (4, {"value": "1.1;2.1;1.2;1.1;"}, "twice"),
    (4, {"value": "1.1;2.1;1.2;3.1;"}, "refused"), (4, {"value": "1.1;2.1;1.2;9.9;"}, "nobody wrote"),
    (0, {"position": 8}, "was told"), (1, {"start_ns": 35}, "took effect before"),
    (3, {"op": "read", "value": "2.1;", "outcome": "ok"}, "no prefixes"),
    (3, {"op": "read", "value": "1.1;", "outcome": "ok", "start_ns": 31, "end_ns": 32}, "took effect before")]
INCREMENTS = [row(1, "increment", "1.1", "ok", 0, 10, 1), row(2, "increment", "2.1", "unknown", 5, None),
              row(1, "increment", "1.2", "ok", 20, 30, 3), row(1, "read", "3", "ok", 40, 50)]
WRONG_INCREMENTS = [
    (2, {"position": 1}, "told the same"), (3, {"value": "2"}, "lost"), (1, {"start_ns": 35}, "began later"),
    (1, {"outcome": "fail", "end_ns": 9}, "only 0 are unknown"),
    (0, {"start_ns": 31, "end_ns": 32}, "took effect before")]


def judged(rows):
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.write("".join(json.dumps(each) + "\n" for each in rows))
        file.flush()
        return verdict_lib.check(file.name)


def check_orders():
    for right, wrong in ((APPENDS, WRONG_APPENDS), (INCREMENTS, WRONG_INCREMENTS)):
        same("a right history", judged(right)[0], verdict_lib.LINEARIZABLE)
        for number, change, word in wrong:
            rows = [dict(each, **change) if i == number else each for i, each in enumerate(right)]
            verdict, words = judged(rows)
            if verdict != verdict_lib.VIOLATED or word not in words:
                raise AssertionError(f"{change} of row {number}: {verdict}: {words}")


def check_registers():
    rows = [row(1, "write", "x", "ok", 0, 10), row(2, "write", "y", "ok", 20, 30), row(1, "read", "y", "ok", 40, 50)]
    same("registers", judged(rows)[0], verdict_lib.LINEARIZABLE)
    rows[2]["value"] = "x"
    same("an old read", judged(rows)[0], verdict_lib.VIOLATED)
    rows[2]["value"] = "x/y"  # half a batch
    same("half a batch", judged(rows)[0], verdict_lib.VIOLATED)


WRITER = """
import os, signal, sys, time
data = sys.argv[1]
os.mkdir(data)
def sync_folder(path):
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)
sync_folder(os.path.dirname(data))
def put(name, content, syncs):
    file = os.open(f"{data}/{name}", os.O_CREAT | os.O_RDWR)
    os.pwrite(file, content, 0)
    if syncs:
        os.fsync(file)
    return file
file = put("kept", b"a" * 2000, True)
put("replaced", b"old", True)
sync_folder(data)
os.pwrite(file, b"b" * 1000, 500)
os.ftruncate(file, 100)
put("unnamed", b"x", True)
put("new", b"new", True)
os.rename(f"{data}/new", f"{data}/replaced")
print(int(time.time()), flush=True)
sys.stdin.readline()
try:
    os.fsync(file)
except OSError as failure:
    print(failure.errno, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_writer(folder):
    """What WRITER leaves: kept and replaced are synced, then everything is changed and nothing more is."""
    (folder / "journal").mkdir(parents=True)
    control = Control(folder / "control")
    control.set(clock_offset=10**18)
    environment = dict(os.environ, LD_PRELOAD=str(PRELOAD), HARKA_FAULT_DATA=str(folder / "data"),
                       HARKA_FAULT_JOURNAL=str(folder / "journal"), HARKA_FAULT_CONTROL=str(folder / "control"))
    with subprocess.Popen([sys.executable, "-c", WRITER, str(folder / "data")], env=environment,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        same("years that its clock is ahead", round((int(writer.stdout.readline()) - time.time()) / 1e9), 1)
        control.set(sync_error=errno.EIO)
        writer.stdin.write("\n")
        writer.stdin.flush()
        same("the error of its last sync", writer.stdout.readline().strip(), str(errno.EIO))
    same("how it ended", writer.returncode, -signal.SIGKILL)
    same("calls that failed", control.get("failed_count"), 1)


def content_of(folder):
    return {path.name: path.read_bytes() for path in (folder / "data").iterdir()}


def check_power_loss(folder):
    killed_writer(folder / "all")
    written = {"kept": b"a" * 100, "replaced": b"new", "unnamed": b"x"}
    same("what a kill leaves", content_of(folder / "all"), written)
    lose_power(folder / "all" / "data", folder / "all" / "journal", random.Random(1), 0.0)
    same("what power loss leaves", content_of(folder / "all"), {"kept": b"a" * 2000, "replaced": b"old"})
    killed_writer(folder / "some")
    lose_power(folder / "some" / "data", folder / "some" / "journal", random.Random(1), 1.0)
    same("the bytes of a disk that was fast", content_of(folder / "some")["kept"], b"a" * 100)


class Echo:
    """Answers what it hears, and keeps what each connection sent."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.heard = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            peer, _ = self.listener.accept()
            self.heard.append(b"")
            threading.Thread(target=self.serve, args=(peer, len(self.heard) - 1), daemon=True).start()

    def serve(self, peer, number):
        try:
            while data := peer.recv(65536):
                self.heard[number] += data
                peer.sendall(data)
        except OSError:
            pass
        peer.close()


def check_proxy(folder):
    echo, door = Echo(), free_port()
    with open(folder / "proxy.log", "wb") as log:
        proxy = Proxy([], {"sources": {"127.0.0.1": 1}, "seed": 1, "doors": [
            [2, "127.0.0.1", door, *echo.listener.getsockname()]]}, log)
    client = socket.create_connection(("127.0.0.1", door), timeout=30)

    def says(text, before=b""):
        client.sendall(text)
        heard = b""
        while len(heard) < len(before + text):
            heard += client.recv(100)
        return heard
    same("what passes", says(b"hello"), b"hello")
    proxy.tell({"rules": {"2>1": {"delay": [0.0, 0.05]}}})
    for number in range(10):
        client.sendall(b"%d" % number)
    same("pieces that are held", says(b".", b"0123456789"), b"0123456789.")
    proxy.tell({"rules": {"1>2": {"cut": True}}})
    client.sendall(b"late")
    client.settimeout(0.3)
    try:
        raise AssertionError(f"a cut lets {client.recv(10)!r} pass")
    except TimeoutError:
        client.settimeout(30)
    proxy.tell({"rules": {}})
    same("what passes after a cut", client.recv(10), b"late")
    proxy.tell({"tear": "1>2"})
    client.sendall(b"x" * 1000)
    wait_for("the end of a torn connection", 30, lambda: is_over(client))
    if echo.heard[0].count(b"x") > 500:
        raise AssertionError("nothing is torn off")
    proxy.tell({"replay": "1>2"})
    wait_for("a second connection", 30, lambda: len(echo.heard) > 1 and echo.heard[1].startswith(b"hello"))
    client = socket.create_connection(("127.0.0.1", door), timeout=30)
    same("what passes again", says(b"hello"), b"hello")
    proxy.tell({"reset": "1>2"})
    wait_for("the end of a connection that is reset", 30, lambda: is_over(client))
    proxy.end()


def is_over(client):
    try:
        return client.recv(1000) == b""
    except ConnectionError:
        return True


def main():
    for check in (check_schedules, check_orders, check_registers):
        check()
        print(f"  ok  {check.__name__}", flush=True)
    for check in (check_power_loss, check_proxy):
        with tempfile.TemporaryDirectory(prefix="harka-jepsen-") as folder:
            check(Path(folder))
        print(f"  ok  {check.__name__}", flush=True)
    return 0


sys.exit(main())
