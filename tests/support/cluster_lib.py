# SPDX-License-Identifier: Apache-2.0
"""Starts HARKA, Redis Cluster and etcd on loopback for comparisons; ends only what it started.

Standard library only. Every wait polls a condition with a bound.
"""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path


class Failed(Exception):
    """What went wrong, in one line."""


def wait_for(what, bound, condition, step=0.05, stall_max=float("inf")):
    """Beyond stall_max seconds a look does not count: this program hardly ran, then, and its nodes neither."""
    waited = 0
    while waited < bound:
        began = time.monotonic()
        try:
            value = condition()
        except (OSError, Failed):
            value = None
        if value:
            return value
        time.sleep(step)
        waited += min(time.monotonic() - began, stall_max)
    raise Failed(f"{what} did not happen within {bound} s")


def free_port():
    """A free port below the ephemeral range, so that no client connection can take it meanwhile."""
    for _ in range(200):
        port = 10000 + int.from_bytes(os.urandom(2), "big") % 10000
        with socket.socket() as probe, socket.socket() as bus:
            try:
                probe.bind(("127.0.0.1", port))
                bus.bind(("127.0.0.1", port + 10000))
                return port
            except OSError:
                continue
    raise Failed("no free port on loopback")


class Resp:
    """A blocking RESP2 connection."""

    def __init__(self, port, timeout=2.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def close(self):
        self.reader.close()
        self.socket.close()

    def call(self, *words):
        out = b"*%d\r\n" % len(words)
        for word in words:
            raw = word if isinstance(word, bytes) else str(word).encode()
            out += b"$%d\r\n%s\r\n" % (len(raw), raw)
        self.socket.sendall(out)
        return self.read()

    def read(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise OSError("connection closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise Failed(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            size = int(rest)
            if size < 0:
                return None
            body = self.reader.read(size + 2)
            if len(body) != size + 2:
                raise OSError("connection closed")
            return body[:-2].decode(errors="replace")
        if kind == b"*":
            size = int(rest)
            return None if size < 0 else [self.read() for _ in range(size)]
        raise Failed(f"unexpected reply {line!r}")


class Server:
    """One process with its own folder and log; ended by id."""

    def __init__(self, words, folder, env=None):
        self.words, self.folder = words, Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = None
        self.env = env
        self.start()

    def start(self):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            self.words, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, env=self.env)
        log.close()

    def kill(self, how=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)

    def end(self):
        if not self.process:
            return
        self.kill(signal.SIGCONT)
        self.kill(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def switches(self):
        """How often its living threads went to sleep since they began."""
        total = 0
        for status in Path(f"/proc/{self.process.pid}/task").glob("*/status"):
            found = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.MULTILINE)
            total += int(found.group(1)) if found else 0
        return total

    def written_bytes(self):
        for line in Path(f"/proc/{self.process.pid}/io").read_text().splitlines():
            if line.startswith("write_bytes"):
                return int(line.split()[1])
        return 0


class Cluster:
    """Some servers; `ports` are where clients go."""

    name = "?"

    def __init__(self, folder):
        self.folder = Path(folder)
        self.servers = []
        self.ports = []

    def cpu_seconds(self):
        return sum(server.cpu_seconds() for server in self.servers)

    def switches(self):
        return sum(server.switches() for server in self.servers)

    def written_bytes(self):
        return sum(server.written_bytes() for server in self.servers)

    def end(self):
        for server in self.servers:
            server.end()
        shutil.rmtree(self.folder, ignore_errors=True)


def slots_covered(port):
    """The number of slots that CLUSTER SLOTS shows as served, as this node sees it."""
    connection = Resp(port)
    try:
        return sum(last - first + 1 for first, last, *_ in connection.call("CLUSTER", "SLOTS"))
    finally:
        connection.close()


class Harka(Cluster):
    name = "harka"

    def __init__(self, binary, folder, nodes=3, shards=100, extra=()):
        super().__init__(folder)
        self.binary = str(binary)
        self.links = [free_port() for _ in range(nodes)]
        self.ports = [free_port() for _ in range(nodes)]
        self.folder.mkdir(parents=True, exist_ok=True)
        tls = self.folder / "tls"
        seeds = ",".join(f"127.0.0.1:{port}" for port in self.links)
        for i in range(nodes):
            name = f"n{i + 1}"
            subprocess.run([self.binary, "cert", "make", str(tls), "--name", name], check=True,
                           stdout=subprocess.DEVNULL)
            self.servers.append(Server(
                [self.binary, "start", "--name", name, "--region", f"r{i + 1}", "--data",
                 str(self.folder / name / "data"), "--link-address", f"127.0.0.1:{self.links[i]}",
                 "--client-address", f"127.0.0.1:{self.ports[i]}", "--seeds", seeds,
                 "--tls-ca", str(tls / "ca.pem"), "--tls-cert", str(tls / f"{name}.pem"),
                 "--tls-key", str(tls / f"{name}.key"), *extra], self.folder / name))
        try:
            self.init(nodes, shards)
        except Failed:
            self.end()
            raise

    def init(self, nodes, shards):
        def try_init():
            connection = Resp(self.ports[0], 20)
            code, _ = connection.call("HARKA", "INIT", f"nodes={nodes}", f"shards={shards}")
            _, status = connection.call("HARKA", "STATUS")
            connection.close()
            # A refusal may also mean that some node has promised itself: then there is no cluster.
            return code == 0 or json.loads(status).get("clusterId", "0") != "0" or None
        wait_for("creation of the HARKA cluster", 60, try_init, 0.2)
        self.wait_healthy()

    def wait_healthy(self, bound=60):
        def all_lead():
            leaders = set()
            for port in self.ports:
                connection = Resp(port)
                ranges = connection.call("CLUSTER", "SLOTS")
                connection.close()
                if sum(last - first + 1 for first, last, *_ in ranges) != 16384:
                    return False
                leaders = {node[1] for _, _, node, *_ in ranges}
            return len(leaders) == len(self.ports)
        wait_for("every node leading shards", bound, all_lead, 0.1)

    def leader_of(self, key):
        connection = Resp(self.ports[0])
        slot = connection.call("CLUSTER", "KEYSLOT", key)
        ranges = connection.call("CLUSTER", "SLOTS")
        connection.close()
        for first, last, node, *_ in ranges:
            if first <= slot <= last:
                return self.ports.index(node[1])
        return None


def run_with_cluster(run, binary, **options):
    """Runs a test with a fresh HARKA cluster; the exit code is the verdict."""
    with tempfile.TemporaryDirectory(prefix="harka-test-") as folder:
        cluster = None
        try:
            cluster = Harka(binary, Path(folder) / "c", **options)
            run(cluster)
            print("ok")
            return 0
        except Failed as failure:
            print(f"FAILED: {failure}")
            for server in cluster.servers if cluster else []:
                log = (server.folder / "log").read_text(errors="replace")
                print(f"--- log of {server.folder.name}\n{log[-2000:]}")
            return 1
        finally:
            if cluster:
                cluster.end()


class RedisCluster(Cluster):
    """Three masters, three replicas."""

    def __init__(self, folder, appendfsync):
        super().__init__(folder)
        self.name = f"redis-{appendfsync}"
        self.ports = [free_port() for _ in range(6)]
        for port in self.ports:
            self.servers.append(Server(
                ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--cluster-enabled",
                 "yes", "--cluster-config-file", "nodes.conf", "--appendonly", "yes",
                 "--appendfsync", appendfsync, "--save", "", "--cluster-node-timeout", "2000"],
                self.folder / str(port)))
        for port in self.ports:
            wait_for("a redis-server", 20, lambda p=port: Resp(p).call("PING") == "PONG")
        subprocess.run(
            ["redis-cli", "--cluster", "create", *[f"127.0.0.1:{p}" for p in self.ports],
             "--cluster-replicas", "1", "--cluster-yes"], check=True, stdout=subprocess.DEVNULL)
        for port in self.ports:
            wait_for("Redis Cluster", 30, lambda p=port: slots_covered(p) == 16384)


class Etcd(Cluster):
    name = "etcd"

    def __init__(self, folder, nodes=3):
        super().__init__(folder)
        self.ports = [free_port() for _ in range(nodes)]
        peers = [free_port() for _ in range(nodes)]
        members = ",".join(f"e{i}=http://127.0.0.1:{peer}" for i, peer in enumerate(peers))
        environment = dict(os.environ, ETCD_UNSUPPORTED_ARCH="arm64")
        for i, (port, peer) in enumerate(zip(self.ports, peers)):
            self.servers.append(Server(
                ["etcd", "--name", f"e{i}", "--data-dir", str(self.folder / f"e{i}" / "data"),
                 "--listen-client-urls", f"http://127.0.0.1:{port}", "--advertise-client-urls",
                 f"http://127.0.0.1:{port}", "--listen-peer-urls", f"http://127.0.0.1:{peer}",
                 "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}", "--initial-cluster",
                 members, "--initial-cluster-state", "new"], self.folder / f"e{i}", environment))
        for port in self.ports:
            wait_for("etcd", 30, lambda p=port: self.is_healthy(p), 0.2)

    @staticmethod
    def is_healthy(port):
        import urllib.request
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
            return b"true" in answer.read()
