#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# timeout: 120
"""redis-cli over TLS with a password against one node; what is refused, and that nothing listens
beyond loopback without both."""
import os
import socket
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from cluster_lib import Failed, Server, free_port, wait_for  # noqa: E402

BINARY = os.environ.get("HARKA_BINARY", str(ROOT / "build" / "release" / "apps" / "harka"))
PASSWORD = "correct horse"
EXIT_REFUSED = {2, 6}


def expect(what, got, wanted):
    if wanted not in got:
        raise Failed(f"{what}: expected {wanted!r}, got {got[-500:]!r}")
    print(f"  ok: {what}")


class Node:
    def __init__(self, folder):
        self.tls = folder / "tls"
        subprocess.run([BINARY, "cert", "make", str(self.tls), "--name", "n1"], check=True, stdout=subprocess.DEVNULL)
        self.port, secret = free_port(), folder / "password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        self.server = Server(
            [BINARY, "start", "--data", str(folder / "data"), "--client-address", f"127.0.0.1:{self.port}",
             "--link-address", f"127.0.0.1:{free_port()}", "--password-file", str(secret), "--client-tls-cert",
             str(self.tls / "n1.pem"), "--client-tls-key", str(self.tls / "n1.key")], folder / "node")
        wait_for("a node with TLS", 30, lambda: "cluster_state:ok" in self.cli("CLUSTER", "INFO"))

    def cli(self, *words, tls=True, password=PASSWORD, text=None):
        command = ["redis-cli", "-p", str(self.port), "--no-auth-warning"]
        if tls:
            command += ["--tls", "--cacert", str(self.tls / "ca.pem")]
        if password:
            command += ["-a", password]
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=20, input=text)
        return done.stdout + done.stderr

    def connect(self):
        context = ssl.create_default_context(cafile=str(self.tls / "ca.pem"))
        context.check_hostname = False
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return context.wrap_socket(raw)


def large_values(node):
    with node.connect() as client:
        value = os.urandom(3_000_000)
        client.sendall(b"AUTH \"%s\"\r\n" % PASSWORD.encode())
        client.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n" % (len(value), value) + b"GET k\r\n" * 10)
        reader = client.makefile("rb")
        if [reader.readline(), reader.readline()] != [b"+OK\r\n", b"+OK\r\n"]:
            raise Failed("AUTH or SET over TLS was not answered with OK")
        for _ in range(10):
            if reader.readline() != b"$%d\r\n" % len(value) or reader.read(len(value) + 2) != value + b"\r\n":
                raise Failed("a large value came back changed over TLS")
    print("  ok: large values over TLS")


def refused_to_start(folder, *words):
    done = subprocess.run(
        [BINARY, "start", "--data", str(folder), "--link-address", f"127.0.0.1:{free_port()}", *words],
        capture_output=True, text=True, timeout=20)
    if done.returncode not in EXIT_REFUSED:
        raise Failed(f"exit code {done.returncode} instead of a refusal: {done.stderr[-300:]}")
    print("  ok: " + done.stderr.strip().splitlines()[-1][:110])


def run(folder):
    node = Node(folder)
    try:
        expect("a command over TLS", node.cli("SET", "k", "v"), "OK")
        expect("RESP3 over TLS", node.cli("-3", "GET", "k"), "v")
        expect("no password", node.cli("GET", "k", password=None), "NOAUTH")
        expect("a wrong password", node.cli("GET", "k", password="wrong"), "WRONGPASS")
        with socket.create_connection(("127.0.0.1", node.port), timeout=10) as plain:
            plain.sendall(b"PING\r\n")
            try:
                answer = plain.recv(100)
            except ConnectionResetError:
                answer = b""
            if answer.startswith(b"+"):
                raise Failed("plain text was answered on a TLS port")
        print("  ok: plain text on a TLS port is not answered")
        expect("others go on", node.cli("GET", "k"), "v")
        large_values(node)
    finally:
        node.server.end()
    refused_to_start(folder / "open", "--client-address", f"0.0.0.0:{free_port()}")


def main():
    with tempfile.TemporaryDirectory(prefix="harka-tls-") as folder:
        try:
            run(Path(folder))
            return 0
        except Failed as failure:
            print(f"FAILED: {failure}")
            return 1


if __name__ == "__main__":
    sys.exit(main())
