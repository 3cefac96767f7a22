#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""READONLY on five nodes: caches and followers answer, within the bound and never back in time.

One writer counts up. Every reader has one connection for the whole test, to a node without a
replica of the key (its cache answers) or to a follower. Each value must be at least what was
acknowledged `staleness_max` before the read began: that is promised, also while the leader is dead.
"""
import bisect
import json
import sys
import threading
import time

from e2e_lib import Failed, Resp, main, wait_for

KEY = "clock"
BOUND = 1.0  # staleness_max, as INFO must say it


class Writer(threading.Thread):
    """Counts up at the leader; acknowledged[i] is when i was."""

    def __init__(self, cluster):
        super().__init__()
        self.cluster, self.is_stopped = cluster, False
        self.times, self.numbers = [], []  # acknowledged, in order

    def run(self):
        number, port, connection = 0, self.cluster.ports[0], None
        while not self.is_stopped:
            number += 1
            try:
                connection = connection or Resp(port, 3.0)
                connection.call("SET", KEY, number)
                self.numbers.append(number)
                self.times.append(time.monotonic())
            except Failed as refused:
                words = str(refused).split()
                if words[0] == "MOVED":
                    connection.close()
                    port, connection = int(words[2].rsplit(":", 1)[1]), None
            except OSError:
                if connection:
                    connection.close()
                connection = None
                ports = self.cluster.ports
                port = ports[(ports.index(port) + 1) % len(ports)]
            time.sleep(0.002)

    def expected(self, began):
        """What a read that began then must show at least."""
        acknowledged = bisect.bisect_right(self.times, began - BOUND)
        return self.numbers[acknowledged - 1] if acknowledged else 0


class Reader(threading.Thread):
    def __init__(self, port, what):
        super().__init__()
        self.port, self.what, self.is_stopped = port, what, False
        self.reads, self.failure = [], None
        self.refusals, self.longest = 0, 0.0

    def run(self):
        try:
            connection = Resp(self.port, 20)
            connection.call("READONLY")
            while not self.is_stopped:
                began = time.monotonic()
                try:
                    value = int(connection.call("GET", KEY) or 0)
                    self.longest = max(self.longest, time.monotonic() - began)
                    self.reads.append((began, value))
                except Failed as refused:
                    if not str(refused).startswith("CLUSTERDOWN"):
                        raise
                    self.refusals += 1
                time.sleep(0.001)
        except (OSError, Failed) as failure:
            self.failure = failure

    def progress(self, more):
        target = len(self.reads) + more
        wait_for(f"{more} more reads by the {self.what}", 20,
                 lambda: self.failure or len(self.reads) >= target, 0.02)
        if self.failure:
            raise Failed(f"the {self.what}'s connection failed: {self.failure}")

    def check(self, writer):
        last = 0
        for began, value in self.reads:
            if value < last:
                raise Failed(f"the {self.what} went back from {last} to {value}")
            if value < writer.expected(began):
                raise Failed(f"the {self.what} read {value} where {writer.expected(began)} "
                             f"had been acknowledged {BOUND} s before")
            last = value
        print(f"  {self.what}: {len(self.reads)} reads, {self.refusals} refused, "
              f"the slowest took {self.longest:.3f} s")


def actors_of(port):
    connection = Resp(port)
    try:
        return json.loads(connection.call("HARKA", "ACTORS")[1])["items"]
    finally:
        connection.close()


def group_of(cluster):
    connection = Resp(cluster.ports[0])
    slot = connection.call("CLUSTER", "KEYSLOT", KEY)
    connection.close()
    return slot * 12 // 16384 + 1  # of the test's 12 shards; group 0 holds the map


def run(cluster):
    connection = Resp(cluster.ports[0])
    if f"readonly_staleness_max_ms:{int(BOUND * 1000)}" not in connection.call("INFO"):
        raise Failed("INFO does not state the staleness bound")
    connection.close()
    name = f"replica/{group_of(cluster)}"
    holders = [any(actor["name"] == name for actor in actors_of(port)) for port in cluster.ports]
    if sum(holders) != 3:
        raise Failed(f"{sum(holders)} nodes have {name}")
    victim = cluster.leader_of(KEY)
    writer = Writer(cluster)
    readers = []
    for i, port in enumerate(cluster.ports):
        if i != victim:
            readers.append(Reader(port, f"follower n{i + 1}" if holders[i] else f"cache of n{i + 1}"))
    writer.start()
    for reader in readers:
        reader.start()
    try:
        for reader in readers:
            reader.progress(300)
        cluster.servers[victim].kill()
        cluster.servers[victim].process.wait()
        count = len(writer.numbers)
        wait_for("writes at the new leader", 20, lambda: len(writer.numbers) > count + 50)
        for reader in readers:
            reader.progress(300)
        cluster.servers[victim].start()
        port = cluster.ports[victim]
        wait_for("the killed node's return", 30, lambda: Resp(port).call("PING") == "PONG")
        readers.append(Reader(port, f"returned n{victim + 1}"))  # its replica is behind at first
        readers[-1].start()
        cluster.wait_healthy(60)
        for reader in readers:
            reader.progress(100)
    finally:
        for thread in [writer, *readers]:
            thread.is_stopped = True
        for thread in [writer, *readers]:
            thread.join()
    for reader in readers:
        reader.check(writer)
    hits = 0
    for i, port in enumerate(cluster.ports):
        state = next(actor["state"] for actor in actors_of(port) if actor["name"].startswith("cache"))
        hits += int(state.split(", ")[2].split()[0])
    print(f"  {len(writer.numbers)} writes, {hits} batches answered by caches alone")
    if hits == 0:
        raise Failed("no cache has answered anything by itself")


sys.exit(main(run, nodes=5))
