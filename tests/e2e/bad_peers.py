#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Strangers at both doors of a cluster: each is turned away with words, and nobody else notices.

During all of it recorded clients and one old connection a node go on without a single broken
connection, no link between the nodes is lost, and the history is linearizable.
"""
import os
import signal
import socket
import subprocess
import sys

from e2e_lib import BINARY, Failed, Recorder, Resp, main, wait_for
from cluster_lib import Server, free_port

END_BOUND = 30  # seconds, for a node that must give up, or a door that must close


class Stranger:
    """One more `harka start` beside the cluster, with the cluster's seeds unless told otherwise."""

    def __init__(self, cluster, folder, name, *more, tls=None, seeds=None):
        self.link, self.client = free_port(), free_port()
        folder = cluster.folder / folder
        words = [str(BINARY), "start", "--name", name, "--data", str(folder / "data"), "--link-address",
                 f"127.0.0.1:{self.link}", "--client-address", f"127.0.0.1:{self.client}"]
        seeds = cluster.links if seeds is None else seeds
        if seeds:
            words += ["--seeds", ",".join(f"127.0.0.1:{port}" for port in seeds)]
        if tls:
            words += ["--tls-ca", str(tls / "ca.pem"), "--tls-cert", str(tls / f"{name}.pem"), "--tls-key",
                      str(tls / f"{name}.key")]
        self.server = Server([*words, *more], folder)

    def log(self):
        return (self.server.folder / "log").read_text(errors="replace")

    def expect_end(self, code, *says):
        try:
            got = self.server.process.wait(END_BOUND)
        except subprocess.TimeoutExpired:
            self.server.end()
            raise Failed(f"it did not give up:\n{self.log()}") from None
        for said in says:
            if said not in self.log():
                raise Failed(f"it does not say '{said}':\n{self.log()}")
        if got != code:
            raise Failed(f"exit code {got}, not {code}:\n{self.log()}")


def certificate(cluster, name, folder="tls"):
    directory = cluster.folder / folder
    subprocess.run([str(BINARY), "cert", "make", str(directory), "--name", name], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return directory


def log_of(cluster, i):
    return (cluster.servers[i].folder / "log").read_text(errors="replace")


def check_wrong_authority(cluster):
    tls = certificate(cluster, "n4", "other-tls")
    stranger = Stranger(cluster, "wrong-ca", "n4", tls=tls)
    stranger.expect_end(4, "HK4001", "its certificate is not of this cluster's CA")
    patient = Stranger(cluster, "wrong-ca-dead-seed", "n4", tls=tls, seeds=[free_port(), *cluster.links])
    patient.expect_end(4, "HK4001", "its certificate is not of this cluster's CA", "Connection refused")
    wait_for("a word in a member's log", END_BOUND, lambda: any(
        "refused a connection" in log_of(cluster, i) and "not of its CA" in log_of(cluster, i)
        for i in range(len(cluster.servers))))


def check_name_taken(cluster):
    taken = Stranger(cluster, "taken", "n2", tls=certificate(cluster, "n2"))
    taken.expect_end(6, "HK6005", "the name 'n2' belongs to the node at "
                     f"127.0.0.1:{cluster.links[1]}")
    log = log_of(cluster, 0) + log_of(cluster, 2)
    if "the name 'n2' belongs to the node at" not in log:
        raise Failed("no member says that the name is taken")


def check_other_cluster(cluster):
    tls = certificate(cluster, "n5")
    alone = Stranger(cluster, "foreign", "n5", seeds=[])
    wait_for("a cluster of one", END_BOUND, lambda: Resp(alone.client).call("SET", "k", "v") == "OK")
    alone.server.end()
    foreign = Stranger(cluster, "foreign", "n5", tls=tls)
    foreign.expect_end(6, "HK6001", "belongs to cluster", "check the seed list")
    patient = Stranger(cluster, "foreign", "n5", tls=tls, seeds=[cluster.links[0], free_port()])
    patient.expect_end(6, "HK6001", "belongs to cluster", "no verdict of", "Connection refused")
    back = Stranger(cluster, "foreign", "n5", seeds=[])
    try:
        wait_for("its own data", END_BOUND, lambda: Resp(back.client).call("GET", "k") == "v")
    finally:
        back.server.end()


def check_plain_text(cluster):
    plain = Stranger(cluster, "plain", "n6", "--insecure-links")
    try:
        wait_for("a word in a member's log", END_BOUND, lambda: any(
            "it does not speak TLS" in log_of(cluster, i) for i in range(len(cluster.servers))))
        wait_for("a word in its own log", END_BOUND, lambda: "no link to" in plain.log())
    finally:
        plain.server.kill(signal.SIGTERM)
    if plain.server.process.wait(END_BOUND) != 0:
        raise Failed("a node without links does not end with 0 when told to stop")


def talk(port, raw):
    """Sends bytes, hears everything until the other side closes; False when it does not close."""
    with socket.create_connection(("127.0.0.1", port), timeout=END_BOUND) as peer:
        heard = b""
        try:
            peer.sendall(raw)
            while piece := peer.recv(65536):
                heard += piece
        except ConnectionError:
            pass
        except TimeoutError:
            return False
        return heard


CLIENT_HELLO = bytes.fromhex("16030100050100000100")


def check_link_door(cluster):
    for raw in (os.urandom(4096), b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, CLIENT_HELLO + os.urandom(600),
                b"\x17\x03\x03\xff\xff" + b"x" * 70000, b"*1\r\n$4\r\nPING\r\n"):
        for port in cluster.links:
            if talk(port, raw) is False:
                raise Failed(f"a link port keeps a connection after {raw[:20]!r}")
    held = [socket.create_connection(("127.0.0.1", port)) for port in cluster.links for _ in range(50)]
    for peer in held:  # they say nothing, and then they vanish
        peer.close()


def check_client_door(cluster):
    port = cluster.ports[0]
    table = [
        (b"*1\r\n$-5\r\n", b"-ERR Protocol error: invalid bulk length"),
        (b"*2\r\n$3\r\nGET\r\n$536870913\r\n", b"-ERR Protocol error: invalid bulk length"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$16777217\r\n", b"-ERR Protocol error: invalid bulk length"),
        (b"*2000000\r\n", b"-ERR Protocol error: invalid multibulk length"),
        (b"*abc\r\n", b"-ERR Protocol error: invalid multibulk length"),
        (b"*1\r\n+PING\r\n", b"-ERR Protocol error: expected '$'"),
        (b"*1\r\n$" + b"1" * 70000, b"-ERR Protocol error: too big bulk count string"),
        (b"x" * 70000, b"-ERR Protocol error: too big inline request"),
        (b'SET k "unbalanced\r\n', b"-ERR Protocol error: unbalanced quotes in request"),
    ]
    for raw, says in table:
        heard = talk(port, raw)
        if heard is False or not heard.startswith(says):
            raise Failed(f"{raw[:30]!r} is answered {heard!r}, not {says!r} and the end")
    with socket.create_connection(("127.0.0.1", port), timeout=END_BOUND) as peer:
        peer.sendall(CLIENT_HELLO + b"\r\n")  # a wrong word, not a wrong protocol: the connection stays
        if not peer.recv(65536).startswith(b"-ERR unknown command"):
            raise Failed("TLS bytes at a plain port are not called an unknown command")
    for cut in (b"*", b"*3\r\n$3\r\nSET\r\n", b"*3\r\n$3\r\nSET\r\n$4\r\nhalf\r\n$100\r\nxx", b"\r\n" * 1000):
        with socket.create_connection(("127.0.0.1", port), timeout=END_BOUND) as peer:
            peer.sendall(cut)
    if Resp(cluster.ports[cluster.leader_of("half")]).call("EXISTS", "half") != 0:
        raise Failed("half a command was carried out")


def check_name_after_restart(cluster):
    """Whose name it is stands in the map: a member that was just started knows it, with nobody to ask."""
    for server in cluster.servers:
        server.kill()
        server.process.wait()
    second = Stranger(cluster, "second", "n2", tls=certificate(cluster, "n2"), seeds=cluster.links[:1])
    cluster.servers[0].start()
    second.expect_end(6, "HK6005", f"the name 'n2' belongs to the node at 127.0.0.1:{cluster.links[1]}")
    for server in cluster.servers[1:]:
        server.start()
    cluster.wait_healthy()


def run(cluster):
    old = [Resp(port, 30) for port in cluster.ports]
    recorder = Recorder(cluster)
    recorder.start()
    try:
        recorder.progress(200)
        # While a cluster comes up two nodes may dial each other and drop one of the two links.
        lost_before = [log_of(cluster, i).count("lost the link to") for i in range(len(cluster.servers))]
        for check in (check_wrong_authority, check_name_taken, check_other_cluster, check_plain_text,
                      check_link_door, check_client_door):
            check(cluster)
            for connection in old:
                if connection.call("PING") != "PONG":
                    raise Failed(f"{check.__name__} harmed another connection")
            recorder.progress(100)
            print(f"  {check.__name__}")
    finally:
        recorder.stop()
    broken = [row for row in recorder.history if row["outcome"] == "unknown"]
    if broken:
        raise Failed(f"{len(broken)} operations of others broke, the first one: {broken[0]}")
    for i in range(len(cluster.servers)):
        if log_of(cluster, i).count("lost the link to") > lost_before[i]:
            raise Failed("a link between members was lost")
    recorder.check()
    check_name_after_restart(cluster)
    print("  check_name_after_restart")


sys.exit(main(run))
