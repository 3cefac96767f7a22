#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts that cannot work: each ends at once with its exit code, its HK code and words that help."""
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from e2e_lib import BINARY, Failed
from cluster_lib import Resp, Server, free_port, wait_for

BOUND = 20  # seconds; a start that does not fail at all


class Place:
    """A folder with certificates of two authorities, and free ports."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.link, self.client = free_port(), free_port()
        for authority in ("ours", "theirs"):
            for name in ("n1", "n2"):
                subprocess.run([str(BINARY), "cert", "make", str(self.folder / authority), "--name", name],
                               check=True, stdout=subprocess.DEVNULL)

    def write(self, name, text, mode=0o600):
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def words(self, *more):
        """`harka start` with what a node needs, unless `more` says it."""
        usual = {"--data": str(self.folder / "data"), "--link-address": f"127.0.0.1:{self.link}",
                 "--client-address": f"127.0.0.1:{self.client}"}
        kept = [word for flag, value in usual.items() if flag not in more for word in (flag, value)]
        return ["start", *kept, *more]

    def tls(self, ca="ours", certificate="ours/n1", key="ours/n1"):
        return ["--tls-ca", str(self.folder / ca / "ca.pem"), "--tls-cert",
                str(self.folder / f"{certificate}.pem"), "--tls-key", str(self.folder / f"{key}.key")]


def run(words):
    try:
        return subprocess.run([str(BINARY), *words], capture_output=True, text=True, timeout=BOUND)
    except subprocess.TimeoutExpired:
        raise Failed(f"harka {' '.join(words)}: still runs after {BOUND} s") from None


def expect(words, code, *says):
    result = run(words)
    text = f"harka {' '.join(words)}\nexit code {result.returncode}\n{result.stdout}{result.stderr}"
    if result.returncode != code:
        raise Failed(f"exit code {code} expected: {text}")
    for said in says:
        if said not in result.stderr:
            raise Failed(f"'{said}' is not said: {text}")
    if "harka: bug" in result.stderr or result.returncode < 0:
        raise Failed(f"not an answer: {text}")
    return result


def check_files(place):
    one = place.write("one.toml", "nmae = 'n1'\n")
    expect(place.words("--config", one), 2, "HK2002", f"{one}:1:1", "did you mean 'name'?")
    two = place.write("two.toml", "shards = '12'\nreplicas = 9\n[node]\n")
    expect(place.words("--config", two), 2, "HK2002", f"{two}:1:10: shards: expected a whole number",
           f"{two}:2:12: replicas: must be 1 to 7, not 9", f"{two}:3:2: unknown section [node]")
    expect(["config", "check", "--config", two], 2, f"{two}:1:10", f"{two}:2:12", f"{two}:3:2")
    answer = run(["config", "check", "--config", two, "-o", "json"])
    if json.loads(answer.stdout)["code"] != "HK2002" or answer.returncode != 2:
        raise Failed(f"no error object: {answer.stdout}")
    expect(place.words("--config", str(place.folder / "none.toml")), 2, "HK2002", "none.toml",
           "No such file")
    expect(place.words("--config", str(place.folder)), 2, "HK2002", "Is a directory")
    broken = place.write("broken.toml", "name = \n")
    expect(place.words("--config", broken), 2, "HK2002", f"{broken}:1:")
    good = place.write("good.toml", run(["config", "reference"]).stdout)
    if run(["config", "check", "--config", good]).returncode != 0:
        raise Failed("the printed reference is not a usable configuration")


def check_flags(place):
    expect(place.words("--nmae", "n1"), 2, "HK2001", "did you mean '--name'?")
    expect(place.words("--shards", "many"), 2, "HK2002", "--shards: 'many' is not a whole number")
    expect(place.words("--shards", "0", "--threads", "0"), 2, "--shards: must be", "--threads: must be")
    expect(place.words("--name", ""), 2, "HK2002", "name must be 1 to 64")
    expect(place.words("--log-level", "verbose"), 2, "HK2002", "log_level must be")
    log = ["--log-file", str(place.folder / "no" / "such" / "log")]
    expect(place.words(*log), 2, "HK2004", "there is no directory")
    expect(["config", "check", *log], 2, "HK2004", "there is no directory")
    expect(place.words("--log-file", str(place.folder)), 2, "HK2004", "is a directory")
    expect(place.words(*log, "--name", ""), 2, "HK2002", "name must be", "there is no directory")
    expect(place.words("--password-file", str(place.folder / "none")), 2, "HK2002", "cannot be read")


def check_exposure(place):
    for flag in ("link", "client"):
        expect(place.words(f"--{flag}-address", f"0.0.0.0:{free_port()}"), 2, "HK2002",
               f"{flag}_address 0.0.0.0", "is not on loopback: set ")
    expect(place.words("--seeds", "127.0.0.1:9"), 2, "HK2002", "links need mutual TLS")


def check_certificates(place):
    expect(place.words(*place.tls(key="ours/n2")), 2, "HK2002", "n2.key is not the key of")
    expect(place.words(*place.tls(ca="theirs")), 2, "HK2002", "would be refused by every node")
    expect(place.words(*place.tls(), "--name", "n5"), 2, "HK2002", "the certificate of node 'n1', not of 'n5'")
    expect(place.words(*place.tls(certificate="ours/none")), 2, "HK2002", "none.pem cannot be read")
    expect(place.words(*place.tls("none", "ours/gone", "ours/lost")), 2, "HK2002", "none/ca.pem cannot be read",
           "gone.pem cannot be read", "lost.key cannot be read")
    expect(place.words("--client-tls-cert", "/none.pem", "--client-tls-key", "/none.key"), 2, "HK2002",
           "/none.pem cannot be read", "/none.key cannot be read")
    junk = place.write("junk.pem", "junk")
    expect(place.words(*place.tls()[:2], "--tls-cert", junk, *place.tls()[4:]), 2, "HK2002",
           "not a certificate in PEM")
    if os.geteuid() != 0:
        closed = place.write("closed.key", "x", 0)
        expect(place.words(*place.tls()[:4], "--tls-key", closed), 2, "HK2002", "Permission denied")


def check_ports(place):
    for flag, port in (("--link-address", place.link), ("--client-address", place.client)):
        for threads in ("1", "2"):
            with socket.socket() as taken:
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                taken.bind(("127.0.0.1", port))
                taken.listen()
                data = place.folder / "new" / "data"
                expect(place.words("--data", str(data), "--gateway-threads", threads), 2, "HK2003",
                       f"127.0.0.1:{port}: Address already in use; process {os.getpid()}")
                if data.parent.exists():
                    raise Failed(f"a start that found its {flag} taken made {data.parent}")
    expect(place.words("--client-address", "127.0.0.1:0"), 2, "HK2002", "port from 1 to 65535")
    # An address of another machine (RFC 5737) cannot be bound here.
    expect(place.words(*place.tls(), "--link-address", f"192.0.2.1:{place.link}"), 2, "HK2003", "192.0.2.1")


def check_two_gateways_of_one_port(place):
    """Two loops share a port by SO_REUSEPORT; two nodes must not."""
    server = Server([str(BINARY), *place.words("--gateway-threads", "2")], place.folder / "first")
    try:
        wait_for("the first node", 30, lambda: Resp(place.client).call("SET", "k", "v") == "OK")
        expect(place.words("--data", str(place.folder / "other"), "--gateway-threads", "2", "--link-address",
                           f"127.0.0.1:{free_port()}"), 2, "HK2003", f"process {server.process.pid} (harka)")
        if Resp(place.client).call("GET", "k") != "v":
            raise Failed("the first node was harmed")
    finally:
        server.end()


def main():
    with tempfile.TemporaryDirectory(prefix="harka-e2e-") as folder:
        try:
            place = Place(folder)
            for check in (check_files, check_flags, check_exposure, check_certificates, check_ports,
                          check_two_gateways_of_one_port):
                check(place)
                print(f"  {check.__name__}")
        except Failed as failure:
            print(f"FAILED: {failure}")
            return 1
    print("ok")
    return 0


sys.exit(main())
