# SPDX-License-Identifier: Apache-2.0
"""Real nodes, each in its place of the space, with the preloaded library."""
import json
import os
import random
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

from disks_lib import Control, SmallDisk, lose_power

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
import cluster_lib  # noqa: E402
from cluster_lib import Failed, Resp  # noqa: E402

BINARY = Path(os.environ.get("HARKA_BINARY", ROOT / "build" / "release" / "apps" / "harka"))
PRELOAD = BINARY.parent.parent / "tests" / "jepsen" / "libharka_faults.so"
DISK_FAILED = 74  # the exit code of a node whose disk failed
SHARDS, DISK_MEGABYTES = 4, 96
CERTIFICATE_AGE = 2 * 86400  # seconds; clocks jump back by a day at most
STALL_MAX = 2.0  # seconds of one look
HEAL_BOUND = 120  # seconds; nothing is measured here, and other work may starve the nodes


wait_for = partial(cluster_lib.wait_for, stall_max=STALL_MAX)


class SpaceResp(Resp):
    """A connection to node i from beside it."""

    def __init__(self, space, i, timeout):
        self.socket = space.connect(i, timeout)
        self.reader = self.socket.makefile("rb")


class Node:
    def __init__(self, space, i, folder, words, has_small_disk):
        self.space, self.i, self.folder = space, i, folder
        self.folder.mkdir(parents=True)
        self.disk = SmallDisk(folder / "disk", DISK_MEGABYTES) if has_small_disk else None
        self.data = (folder / "disk" if has_small_disk else folder) / "data"
        self.journal = folder / "journal"
        self.journal.mkdir()
        self.control = Control(folder / "control")
        self.words = [*words, "--data", str(self.data)]
        self.process, self.holds, self.exits = None, set(), []
        self.may_end = False  # a fault of its disk is or was under way since it started

    def start(self):
        self.may_end = self.is_disk_failing()
        environment = dict(
            os.environ, HARKA_MAY_LOSE_DATA="yes", LD_PRELOAD=str(PRELOAD), HARKA_FAULT_DATA=str(self.data),
            HARKA_FAULT_JOURNAL=str(self.journal), HARKA_FAULT_CONTROL=str(self.folder / "control"),
            **self.space.environment(self.i))
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                self.space.inside(self.i, self.words), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment, cwd=self.folder)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def is_disk_failing(self):
        control = self.control
        is_full = self.disk is not None and self.disk.ballast is not None
        return is_full or control.get("sync_error") != 0 or control.get("write_error") != 0

    def signal(self, how):
        if self.is_running():
            self.process.send_signal(how)

    def hold(self, reason):
        """Killed, and not started again before everybody who holds it has let go."""
        self.holds.add(reason)
        if self.is_running():
            self.process.kill()
        if self.process and self.process.wait() not in (-signal.SIGKILL, DISK_FAILED):
            raise NodeEnded(f"n{self.i} had ended with exit code {self.process.returncode} before it was killed")
        self.process = None

    def release(self, reason):
        self.holds.discard(reason)
        if not self.holds and not self.is_running() and not self.is_disk_failing():
            self.start()

    def lose_power(self, seed, survival):
        """Of a node that is held."""
        return lose_power(self.data, self.journal, random.Random(seed), survival)

    def look(self):
        """Words about an end that nobody asked for, or nothing. Ends for a failed disk are asked for."""
        if self.process is None or self.holds or self.process.poll() is None:
            return None
        code = self.process.returncode
        self.process = None
        self.exits.append(code)
        return None if code == DISK_FAILED and self.may_end else f"n{self.i} ended by itself with exit code {code}"

    def end(self):
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        if self.process:
            self.process.wait()
        if self.disk:
            self.disk.end()


def make_certificate(folder, tls, name):
    """Made some days ago, as far as it can tell."""
    control = Control(folder / "control")
    control.set(clock_offset=-CERTIFICATE_AGE * 10**9)
    environment = dict(os.environ, LD_PRELOAD=str(PRELOAD), HARKA_FAULT_CONTROL=str(folder / "control"))
    subprocess.run([BINARY, "cert", "make", str(tls), "--name", name], check=True, stdout=subprocess.DEVNULL,
                   env=environment)


class Nodes:
    """A cluster; nodes count from 1."""

    def __init__(self, space, folder, count, has_small_disks=False, extra=()):
        self.space, self.folder = space, folder
        tls = folder / "tls"
        self.all = {}
        for i in space.nodes:
            seeds = ",".join(f"{space.advertised(j)}:7400" for j in space.nodes if j != i)
            make_certificate(folder, tls, f"n{i}")
            words = [str(BINARY), "start", "--name", f"n{i}", "--region", "r1", "--replicas", str(count),
                     "--link-address", f"{space.address(i)}:7400", "--advertise-link", f"{space.advertised(i)}:7400",
                     "--client-address", space.client_address(i), *(["--seeds", seeds] if seeds else []), "--threads", "1",
                     "--log-segment-bytes", "1MiB", "--tls-ca", str(tls / "ca.pem"),
                     "--tls-cert", str(tls / f"n{i}.pem"), "--tls-key", str(tls / f"n{i}.key"), *extra]
            self.all[i] = Node(space, i, folder / f"n{i}", words, has_small_disks)
        if has_small_disks:
            kinds = sorted({node.disk.kind or "none" for node in self.all.values()})
            if kinds != ["ext4"]:
                print(f"REPLACED  ext4 on loop devices by {', '.join(kinds)}"
                      + (": a full disk is what the preloaded library says" if "none" in kinds else ""), flush=True)
        try:
            self.create(count)
        except Exception:
            self.end()
            raise

    def create(self, count):
        for node in self:
            node.start()
        wait_for("creation of the cluster", HEAL_BOUND, lambda: not self.complain() and self.try_init(count), 0.2)
        self.wait_healthy()

    def __getitem__(self, i):
        return self.all[i]

    def __iter__(self):
        return iter(self.all.values())

    def ask(self, i, *words, timeout=5):
        connection = SpaceResp(self.space, i, timeout)
        try:
            return connection.call(*words)
        finally:
            connection.close()

    def try_init(self, count):
        code, _ = self.ask(1, "HARKA", "INIT", f"nodes={count}", f"shards={SHARDS}", timeout=20)
        _, status = self.ask(1, "HARKA", "STATUS")
        # A refusal may also mean that some node has promised itself: then there is no cluster.
        return code == 0 or json.loads(status).get("clusterId", "0") != "0"

    def wait_healthy(self, bound=HEAL_BOUND):
        """Each node sees all nodes up and all shards led."""
        for i in self.all:
            wait_for(f"health as n{i} sees it", bound,
                     lambda i=i: not self.complain() and self.ask(i, "HARKA", "STATUS")[0] == 0, 0.2)

    def complain(self):
        for node in self:
            word = node.look()
            if word:
                raise NodeEnded(word)
        return False

    def leader_of(self, key, nodes=None):
        """As some node that answers sees it; 1 when none does."""
        for i in nodes or self.all:
            if not self[i].is_running():
                continue
            try:
                slot = self.ask(i, "CLUSTER", "KEYSLOT", key, timeout=1)
                for first, last, leader, *_ in self.ask(i, "CLUSTER", "SLOTS", timeout=1):
                    if first <= slot <= last:
                        return leader[1] - 7400
            except (OSError, Failed):
                continue
        return 1

    def end(self):
        for node in self:
            node.end()


class NodeEnded(Exception):
    """A node crashed: that is a find."""
