#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# timeout: 240
"""The same random command sequences against redis-server 7 and HARKA; replies must be equal bytes.

  tests/peers/resp_differential.py [--harka HOST:PORT] [--redis HOST:PORT] [--seed N] [--seconds S]

Without --harka it starts a single node of $HARKA_BINARY, without --redis a redis-server (cluster
mode, all slots, HARKA's largest value); both are ended by id. Half of the connections speak RESP3.
Times to live are compared with a tolerance, since two clocks are read. A difference prints the
seed, the command and both replies.
"""
import argparse
import os
import random
import socket
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from cluster_lib import Failed, Resp, Server, free_port, slots_covered, wait_for  # noqa: E402

VALUE_MAX = 16 * 1024 * 1024
TIMES = {b"ttl": 2, b"expiretime": 2, b"pttl": 2000, b"pexpiretime": 2000}
INTEGERS = [b"0", b"1", b"-1", b"2", b"10", b"-10", b"100", b"9223372036854775807", b"-9223372036854775808",
            b"9223372036854775808", b"18446744073709551616", b"", b" 1", b"1 ", b"+1", b"01", b"-0", b"1.0",
            b"1e2", b"abc", b"0x10", b"3\x00"]
FLOATS = [b"0", b"1.5", b"-1.5", b"3.0e3", b"1e17", b"1e-17", b"0.1", b"5.0e4931", b"1e5000", b"inf", b"-inf",
          b"nan", b" 1", b"1 ", b"0x1p3", b"", b"abc", b"1.1.1", b"-0", b"1e400"]
VALUES = [b"", b"a", b"value", b"10", b"-5", b"9223372036854775806", b"3.25", b"\r\n", b"\x00\xff\x00", b" 7",
          b"x" * 100, b"y" * 5000, b"$-1\r\n"]
NOW = int(time.time())
SECONDS = [b"later", b"later", b"later", b"0", b"-1", b"-100", b"abc", b"", b"9223372036854775807",
           b"9223372036854775", b"-9223372036854775808", b"1.5"]
STAMPS = [str(NOW + 10 ** 7).encode(), str(NOW + 2 * 10 ** 7).encode(), b"1", b"1000", b"0", b"-5", b"x",
          b"9223372036854775807", b"922337203685477580"]


class Connection:
    """Sends raw bytes and reads raw replies."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def close(self):
        self.reader.close()
        self.socket.close()

    def send(self, raw):
        self.socket.sendall(raw)

    def reply(self):
        try:
            line = self.reader.readline()
        except TimeoutError:
            return b"<no reply>"
        if not line.endswith(b"\r\n"):
            return line + b"<closed>"
        kind, rest = line[:1], line[1:-2]
        if kind in b"$=!" and int(rest) >= 0:
            return line + self.reader.read(int(rest) + 2)
        if kind in b"*~>" and int(rest) >= 0:
            return line + b"".join(self.reply() for _ in range(int(rest)))
        if kind == b"%":
            return line + b"".join(self.reply() for _ in range(2 * int(rest)))
        return line

    def rest(self):
        """Everything until the other side closes, or falls silent for a while."""
        self.socket.settimeout(1.0)
        got = b""
        try:
            while piece := self.socket.recv(65536):
                got += piece
            return got + b"<closed>"
        except TimeoutError:
            return got
        except ConnectionResetError:
            return got + b"<closed>"


def encode(words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.last_time = 1000

    def seconds(self):
        """A relative time. No two are near each other: GT and LT must not depend on two clocks."""
        given = self.pick(SECONDS)
        self.last_time += 10
        return str(self.last_time).encode() if given == b"later" else given

    def milliseconds(self):
        given = self.seconds()
        return given + b"000" if given.isdigit() and 0 < int(given) < 10 ** 6 else given

    def pick(self, items):
        return self.random.choice(items)

    def key(self):
        # Few keys, so that commands meet; most in one slot, so that several fit in a command.
        return self.pick([b"{t}%d" % self.random.randrange(6)] * 4 + [b"k%d" % self.random.randrange(5), b"", b"{}a"])

    def keys(self):
        return [b"{t}%d" % self.random.randrange(6) for _ in range(self.random.randrange(1, 4))]

    def value(self):
        return self.pick(VALUES)

    def expiry(self):
        option = self.pick([b"EX", b"PX", b"EXAT", b"PXAT", b"ex"])
        if option in (b"EX", b"ex"):
            return [option, self.seconds()]
        if option == b"PX":
            return [option, self.milliseconds()]
        stamp = self.pick(STAMPS)
        if option == b"PXAT" and stamp.isdigit() and int(stamp) > 10 ** 6 and int(stamp) < 10 ** 12:
            stamp += b"000"
        return [option, stamp]

    def set_options(self):
        options = []
        for _ in range(self.random.randrange(3)):
            options += self.pick([[b"NX"], [b"XX"], [b"GET"], [b"KEEPTTL"], self.expiry(), self.expiry(),
                                  [b"PERSIST"], [b"nx"], [b"bogus"], [b"EX"]])
        return options

    def command(self):
        r = self.random
        n = r.randrange(100)
        if n < 22:
            return [b"SET", self.key(), self.value()] + (self.set_options() if r.random() < 0.6 else [])
        if n < 32:
            return [self.pick([b"GET", b"get", b"STRLEN", b"TYPE", b"GETDEL", b"EXISTS", b"PERSIST"]), self.key()]
        if n < 40:
            return [self.pick([b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME"]), self.key()]
        if n < 50:
            return [self.pick([b"INCR", b"DECR"]), self.key()]
        if n < 56:
            return [self.pick([b"INCRBY", b"DECRBY"]), self.key(), self.pick(INTEGERS)]
        if n < 60:
            return [b"INCRBYFLOAT", self.key(), self.pick(FLOATS)]
        if n < 64:
            return [b"APPEND", self.key(), self.value()]
        if n < 70:
            return [self.pick([b"GETRANGE", b"SUBSTR"]), self.key(), self.pick(INTEGERS), self.pick(INTEGERS)]
        if n < 74:
            offset = self.pick([b"0", b"1", b"5", b"100", b"-1", b"x", b"16777216", b"60000", b"9223372036854775807"])
            return [b"SETRANGE", self.key(), offset, self.pick([b"", b"a", b"abc"])]
        if n < 82:
            name = self.pick([b"EXPIRE", b"PEXPIRE", b"EXPIREAT", b"PEXPIREAT"])
            when = self.pick(STAMPS) if name.endswith(b"AT") else \
                self.seconds() if name == b"EXPIRE" else self.milliseconds()
            options = [self.pick([b"NX", b"XX", b"GT", b"LT", b"gt", b"bogus"]) for _ in range(r.randrange(3))]
            return [name, self.key(), when] + (options if r.random() < 0.5 else [])
        if n < 86:
            return [b"GETEX", self.key()] + self.pick([[], [b"PERSIST"], self.expiry(), [b"EX"], [b"NX"]])
        if n < 90:
            return [self.pick([b"MGET", b"DEL", b"UNLINK", b"EXISTS", b"TOUCH"])] + self.keys()
        if n < 93:
            words = [self.pick([b"MSET", b"MSETNX"])]
            for key in self.keys():
                words += [key, self.value()]
            return words if r.random() < 0.8 else words[:-1]
        if n < 95:
            name = self.pick([b"SETEX", b"PSETEX"])
            when = self.seconds() if name == b"SETEX" else self.milliseconds()
            return [name, self.key(), when, self.value()]
        if n < 97:
            return [self.pick([b"SETNX", b"GETSET"]), self.key(), self.value()]
        return self.odd()

    def odd(self):
        return self.pick([
            [b"GET"], [b"GET", b"a", b"b"], [b"SET", b"a"], [b"NOSUCH"], [b"nosuch", b"a\r\nb", b"c"],
            [b"no'such", b"x" * 200, b"y"], [b"MGET", b"a", b"b"], [b"DEL"], [b"MSET", b"a", b"1", b"b", b"2"],
            [b"PING"], [b"PING", b"hello"], [b"PING", b"a", b"b"], [b"ECHO", b"x"], [b"ECHO"], [b"SELECT", b"0"],
            [b"SELECT", b"x"], [b"CLUSTER", b"KEYSLOT", b"foo{bar}"], [b"CLUSTER", b"NOSUCH"], [b"CLUSTER"],
            [b"CLUSTER", b"KEYSLOT"], [b"CLIENT", b"GETNAME"], [b"CLIENT", b"SETNAME", b"a b"], [b"CLIENT"],
            [b"CLIENT", b"SETNAME"], [b"CLIENT", b"NOSUCH"], [b"COMMAND", b"NOSUCH"], [b"CONFIG", b"NOSUCH"],
            [b"HELLO", b"4"], [b"HELLO", b"x"], [b"HELLO", b"2", b"BOGUS"], [b"WAIT", b"x", b"0"],
            [b"WAIT", b"0", b"-1"], [b"AUTH", b"x"], [b"AUTH", b"a", b"b"], [b"AUTH", b"a", b"b", b"c"],
            [b"READONLY"], [b"READWRITE"], [b"READONLY", b"x"], [b"ASKING"], [b""], [b"SCAN", b"x"],
            [b"SCAN", b"0", b"COUNT", b"x"], [b"SCAN", b"0", b"COUNT", b"0"], [b"SCAN", b"0", b"BOGUS"],
            [b"COMMAND", b"GETKEYS", b"MSET", b"a", b"1", b"b", b"2"], [b"COMMAND", b"COUNT", b"x"],
            [b"CONFIG", b"GET", b"no-such-option"], [b"CONFIG", b"GET"], [b"KEYS"], [b"DBSIZE", b"x"],
            [b"CLIENT", b"NO-EVICT", b"maybe"], [b"CLIENT", b"NO-EVICT", b"on"],
            [b"CLIENT", b"REPLY", b"bogus"], [b"SUBSTR", b"a", b"0"], [b"RESET", b"x"]])


MALFORMED = [
    b"*1\r\n:1\r\n", b"*x\r\n", b"*1\r\n$x\r\n", b"*1\r\n$-1\r\n", b"*-5\r\nPING\r\n", b"*0\r\nPING\r\n",
    b"\r\n\r\nPING\r\n", b"PING\n", b"  PING  \r\n", b'SET "a b" \'c d\'\r\nGET "a b"\r\n', b'GET "unbalanced\r\n',
    b'ECHO "a"b\r\n', b'ECHO "\\x41\\n\\q"\r\n', b"ECHO 'it\\'s'\r\n", b"*2147483648\r\n", b"*1\r\n$16777217\r\n",
    b"*1\r\n$99999999999999999999\r\n", b"*1\r\n+PING\r\n", b"*2\r\n$4\r\nECHO\r\n$3\r\nab\r\nPING\r\n",
    b"*1\r\n$4\r\nPINGxxPING\r\n", b"A" * 70000, b"*" + b"1" * 70000, b"*1\r\n$" + b"1" * 70000,
    b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"*1\r\n$0\r\n\r\n",
    b"QUIT\r\nPING\r\n", b"*1\r\n$4\r\nPING\r\n*1\r\n!", b"\x00\r\n", b"$4\r\nPING\r\n"]


def same(words, ours, theirs):
    if ours == theirs:
        return True
    tolerance = TIMES.get(words[0].lower())
    if tolerance and ours[:1] == theirs[:1] == b":":
        a, b = int(ours[1:]), int(theirs[1:])
        return a > 0 and b > 0 and abs(a - b) <= tolerance
    return False


def shown(raw):
    return repr(raw if len(raw) < 400 else raw[:400] + b"...")


def round_of_commands(seed, harka, redis):
    """One pipelined sequence; returns how many commands were compared."""
    generator = Generator(seed)
    connections = [Connection(harka), Connection(redis)]
    try:
        if seed % 2:
            for connection in connections:
                connection.send(encode([b"HELLO", b"3"]))
                if not connection.reply().startswith(b"%"):
                    raise Failed("HELLO 3 was not answered with a map")
        commands = [[b"DEL"] + [b"{t}%d" % i for i in range(6)]]
        commands += [[b"DEL", key] for key in (b"k0", b"k1", b"k2", b"k3", b"k4", b"", b"{}a")]
        commands += [generator.command() for _ in range(200)]
        depth = generator.pick([1, 1, 5, 50])
        for start in range(0, len(commands), depth):
            part = commands[start:start + depth]
            for connection in connections:
                connection.send(b"".join(encode(words) for words in part))
            for offset, words in enumerate(part):
                ours, theirs = (connection.reply() for connection in connections)
                if not same(words, ours, theirs):
                    raise Failed(f"seed {seed}, command {start + offset}, {'RESP3' if seed % 2 else 'RESP2'}: "
                                 f"{shown(b' '.join(words))}\n  HARKA: {shown(ours)}\n  Redis: {shown(theirs)}")
        return len(commands)
    finally:
        for connection in connections:
            connection.close()


def malformed(harka, redis):
    for raw in MALFORMED:
        answers = []
        for address in (harka, redis):
            connection = Connection(address)
            try:
                connection.send(raw)
            except (BrokenPipeError, ConnectionResetError):
                pass
            answers.append(connection.rest())
            connection.close()
        if answers[0] != answers[1]:
            raise Failed(f"malformed input {shown(raw)}\n  HARKA: {shown(answers[0])}\n  Redis: {shown(answers[1])}")
    return len(MALFORMED)


def start_redis(folder):
    port = free_port()
    server = Server(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                     "--cluster-enabled", "yes", "--proto-max-bulk-len", str(VALUE_MAX)], folder)
    wait_for("redis-server", 20, lambda: Resp(port).call("PING") == "PONG")
    Resp(port).call("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
    wait_for("redis-server's slots", 20, lambda: "cluster_state:ok" in Resp(port).call("CLUSTER", "INFO"))
    return server, f"127.0.0.1:{port}"


def start_harka(folder):
    binary = os.environ.get("HARKA_BINARY", "build/release/apps/harka")
    port = free_port()
    server = Server([str(Path(binary).resolve()), "start", "--data", str(folder / "data"), "--client-address",
                     f"127.0.0.1:{port}", "--link-address", f"127.0.0.1:{free_port()}"], folder)
    wait_for("a HARKA node", 30, lambda: slots_covered(port) == 16384)
    return server, f"127.0.0.1:{port}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--harka")
    parser.add_argument("--redis")
    parser.add_argument("--seed", type=int, help="run this one only")
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    servers = []
    with tempfile.TemporaryDirectory(prefix="harka-differential-") as name:
        try:
            redis, harka = options.redis, options.harka
            if not redis:
                server, redis = start_redis(Path(name) / "redis")
                servers.append(server)
            if not harka:
                server, harka = start_harka(Path(name) / "harka")
                servers.append(server)
            for address in (harka, redis):
                Resp(int(address.rsplit(":", 1)[1])).call("FLUSHALL")
            if options.seed is not None:
                print(round_of_commands(options.seed, harka, redis), "commands equal")
                return 0
            compared = malformed(harka, redis)
            end, seed = time.monotonic() + options.seconds, 0
            while time.monotonic() < end:
                compared += round_of_commands(seed, harka, redis)
                seed += 1
            print(f"{compared} commands in {seed} sequences: all replies equal")
            return 0
        except Failed as failure:
            print(f"FAILED: {failure}")
            return 1
        finally:
            for server in servers:
                server.end()


if __name__ == "__main__":
    sys.exit(main())
