# SPDX-License-Identifier: Apache-2.0
"""Where nodes live, and who can reach whom.

Best: each node in a network namespace of its own, behind a bridge; packets are dropped by nft, or by
blackhole routes where nft does not work. The whole run is inside namespaces of its own (network,
mounts, processes), so it disappears with its first process, however that ends. Where no namespaces
may be made: loopback addresses, and the proxy cuts.

Nodes are told addresses at which the proxy of the dialing node listens:

  node i --dials 10.77.0.j--> proxy in i's namespace --10.88.0.i to 10.88.0.j--> node j
"""
import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

CLONE_NEWNET = 0x40000000
LINK_PORT = 7400
VARIABLE = "HARKA_JEPSEN_SPACE"
TRIAL = ("ip link set lo up && ip link add trial0 type bridge && ip link add trial1 type veth peer name trial2"
         " && ip link del trial0 && ip link del trial1")


def enter():
    """Runs this program again inside new namespaces, where that may be done; once."""
    if VARIABLE in os.environ:
        return
    os.environ["PATH"] = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"  # not everybody has them
    reason = ""
    for flags in (["-mnp"], ["-Urmnp"]):
        words = ["unshare", *flags, "--fork", "--kill-child", "--mount-proc"]
        try:
            trial = subprocess.run([*words, "sh", "-c", TRIAL], capture_output=True, text=True)
        except FileNotFoundError:
            reason = "there is no unshare"
            break
        if trial.returncode == 0:
            os.environ[VARIABLE] = "namespaces"
            os.execvp(words[0], [*words, sys.executable, *sys.argv])
        reason = (trial.stderr.strip().splitlines() or ["unshare failed"])[-1]
    os.environ[VARIABLE] = f"loopback: {reason}"


def make_space(nodes, seed, folder):
    chosen = os.environ.get(VARIABLE, "loopback: not asked for")
    if chosen == "namespaces":
        return NamespaceSpace(nodes, seed, folder)
    print(f"REPLACED  namespaces by loopback addresses, and packet filters by the proxy ({chosen})", flush=True)
    return LoopbackSpace(nodes, seed, folder)


class Proxy:
    """One process of proxy.py, told by lines of JSON."""

    def __init__(self, words, plan, log):
        self.process = subprocess.Popen(
            [*words, sys.executable, str(Path(__file__).parent / "proxy.py"), json.dumps(plan)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise OSError("the proxy did not start")

    def tell(self, order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Space:
    """Directed pairs (i, j) mean what i sends to j. Nodes count from 1."""

    def __init__(self, nodes, seed, folder):
        self.nodes = range(1, nodes + 1)
        self.seed, self.proxies = seed, []
        self.log = open(Path(folder) / "proxy.log", "ab")

    def tell(self, order):
        for proxy in self.proxies:
            proxy.tell(order)

    def shape(self, rules):
        """What the proxies do to directed pairs from now on: {(i, j): {delay, rate, stall, cut}}."""
        self.tell({"rules": {f"{i}>{j}": rule for (i, j), rule in rules.items()}})

    def end(self):
        for proxy in self.proxies:
            proxy.end()
        self.log.close()


class LoopbackSpace(Space):
    def __init__(self, nodes, seed, folder):
        super().__init__(nodes, seed, folder)
        self.part = os.getpid() % 250 + 1
        doors = [[j, self.advertised(j), LINK_PORT, self.address(j), LINK_PORT] for j in self.nodes]
        sources = {self.address(j): j for j in self.nodes}
        self.proxies = [Proxy([], {"sources": sources, "seed": seed, "doors": doors}, self.log)]
        self.how = "the proxy"
        self.cuts, self.rules = set(), {}

    def address(self, i):
        return f"127.88.{self.part}.{i}"

    def advertised(self, i):
        return f"127.77.{self.part}.{i}"

    def client_address(self, i):
        return f"{self.address(i)}:{7400 + i}"

    def environment(self, i):
        return {"HARKA_FAULT_SOURCE": self.address(i)}

    def inside(self, _i, words):
        return words

    def connect(self, i, timeout):
        return socket.create_connection((self.address(i), 7400 + i), timeout=timeout)

    def shape(self, rules):
        self.rules = rules
        self.apply()

    def cut(self, pairs):
        self.cuts = set(pairs)
        self.apply()

    def apply(self):
        merged = dict(self.rules)
        for pair in self.cuts:
            merged[pair] = dict(merged.get(pair, {}), cut=True)
        super().shape(merged)


class NamespaceSpace(Space):
    def __init__(self, nodes, seed, folder):
        super().__init__(nodes, seed, folder)
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.own = os.open("/proc/self/ns/net", os.O_RDONLY)
        self.cuts = set()
        self.run("ip", "link", "add", "hub", "type", "bridge")
        self.run("ip", "link", "set", "hub", "up")
        self.holders = {i: subprocess.Popen(["unshare", "-n", "sh", "-c", "echo ready; exec cat"],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE) for i in self.nodes}
        self.files = {}
        for i, holder in self.holders.items():
            holder.stdout.readline()
            self.files[i] = os.open(f"/proc/{holder.pid}/ns/net", os.O_RDONLY)
            self.plug_in(i, holder.pid)
        self.has_nft = self.can_filter()
        self.how = "nft" if self.has_nft else "blackhole routes"
        if not self.has_nft:
            print("REPLACED  nft by blackhole routes", flush=True)
        for i in self.nodes:
            doors = [[j, self.advertised(j), LINK_PORT, self.address(j), LINK_PORT] for j in self.nodes if j != i]
            self.proxies.append(Proxy(self.inside(i, []), {"self": i, "seed": seed, "doors": doors}, self.log))

    @staticmethod
    def run(*words, text=None):
        result = subprocess.run(words, input=text, capture_output=True, text=True)
        if result.returncode != 0:
            raise OSError(f"{' '.join(words)}: {result.stderr.strip()}")

    def plug_in(self, i, pid):
        self.run("ip", "link", "add", f"port{i}", "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        self.run("ip", "link", "set", f"port{i}", "master", "hub", "up")
        lines = ["link set lo up", f"addr add {self.address(i)}/24 dev eth0", "link set eth0 up"]
        lines += [f"addr add {self.advertised(j)}/32 dev lo" for j in self.nodes if j != i]
        self.run(*self.inside(i, ["ip", "-batch", "-"]), text="\n".join(lines) + "\n")

    def can_filter(self):
        if not shutil.which("nft"):
            return False
        trial = "add table inet trial\nadd chain inet trial in { type filter hook input priority 0; }\n"
        trial += "add rule inet trial in ip saddr 10.88.0.200 drop\ndelete table inet trial\n"
        try:
            self.run(*self.inside(1, ["nft", "-f", "-"]), text=trial)
            return True
        except OSError:
            return False

    def address(self, i):
        return f"10.88.0.{i}"

    def advertised(self, i):
        return f"10.77.0.{i}"

    def client_address(self, i):
        return f"127.0.0.1:{7400 + i}"

    def environment(self, _i):
        return {}

    def inside(self, i, words):
        return ["nsenter", f"--net=/proc/{self.holders[i].pid}/ns/net", "--", *words]

    def connect(self, i, timeout):
        """From a client that stands beside the node, so that it is cut off with it."""
        self.move_to(self.files[i])
        try:
            return socket.create_connection(("127.0.0.1", 7400 + i), timeout=timeout)
        finally:
            self.move_to(self.own)

    def move_to(self, namespace):
        """The calling thread, not the process."""
        if self.libc.setns(namespace, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def cut(self, pairs):
        """What is dropped from now on; everything else passes."""
        pairs = set(pairs)
        for i in self.nodes:
            if self.has_nft:
                self.filter(i, [source for source, target in pairs if target == i])
            else:
                self.route(i, {target for source, target in pairs if source == i})
        self.cuts = pairs

    def filter(self, i, sources):
        lines = ["add table inet jepsen", "flush table inet jepsen",
                 "add chain inet jepsen in { type filter hook input priority 0; policy accept; }"]
        lines += [f"add rule inet jepsen in ip saddr {self.address(j)} drop" for j in sources]
        self.run(*self.inside(i, ["nft", "-f", "-"]), text="\n".join(lines) + "\n")

    def route(self, i, targets):
        before = {target for source, target in self.cuts if source == i}
        lines = [f"route add blackhole {self.address(j)}/32" for j in targets - before]
        lines += [f"route del blackhole {self.address(j)}/32" for j in before - targets]
        if lines:
            self.run(*self.inside(i, ["ip", "-batch", "-"]), text="\n".join(lines) + "\n")

    def end(self):
        super().end()
        for i, holder in self.holders.items():
            os.close(self.files[i])
            holder.stdin.close()
            holder.wait()
