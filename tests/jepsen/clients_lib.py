# SPDX-License-Identifier: Apache-2.0
"""Concurrent clients and what they see: one JSON object for each operation, as verdict_lib reads it.

  {"client": 3, "op": "write", "key": "k", "value": "v", "outcome": "ok", "start_ns": 1, "end_ns": 9}

op is write, read, append or increment; outcome is ok, fail (certainly nothing happened) or unknown,
whose end_ns is null. `position` is what APPEND and INCR answer: the length, the count. Keys change
every few seconds, so that the history of each stays short enough to be decided.
"""
import json
import random
import threading
import time

from nodes_lib import Failed, SpaceResp, wait_for

KEYS, KEY_SECONDS = 4, 4.0  # in use at a time; and for how long
PAUSE_MAX = 0.012  # seconds between the operations of a client, drawn up to here
ANSWER_BOUND, TRIES = 1.5, 6
FINAL_BOUND = 120
NOTHING_HAPPENED = ("MOVED", "CLUSTERDOWN", "TRYAGAIN")
BATCH = ("a", "b", "c")  # the keys that one MSET writes, behind one hash tag
END_OF_TOKEN = ";"


class Register:
    prefix = "register"

    def words(self, stream, key, value):
        return ("write", ("SET", key, value)) if stream.random() < 0.5 else ("read", ("GET", key))

    def reading(self, key):
        return ("GET", key)

    def note(self, row, answer):
        if row["op"] == "read":
            row["value"] = answer


class Append(Register):
    prefix = "append"

    def words(self, stream, key, value):
        if stream.random() < 0.7:
            return "append", ("APPEND", key, value + END_OF_TOKEN)
        return "read", ("GET", key)

    def note(self, row, answer):
        super().note(row, answer)
        if row["op"] == "append":
            row["position"] = answer


class Counter(Append):
    prefix = "counter"

    def words(self, stream, key, _value):
        return ("increment", ("INCR", key)) if stream.random() < 0.7 else ("read", ("GET", key))

    def note(self, row, answer):
        super().note(row, answer)
        if row["op"] == "increment":
            row["position"] = answer


class Batch(Register):
    """All keys of a batch get one value, so whoever reads two values has read half a batch."""

    prefix = "batch"

    def names(self, key):
        return [f"{{{key}}}{part}" for part in BATCH]

    def words(self, stream, key, value):
        if stream.random() < 0.5:
            return "write", ("MSET", *(word for name in self.names(key) for word in (name, value)))
        return "read", self.reading(key)

    def reading(self, key):
        return ("MGET", *self.names(key))

    def note(self, row, answer):
        if row["op"] == "read":
            row["value"] = answer[0] if len(set(answer)) == 1 else "/".join(map(str, answer))


WORKLOADS = {workload.prefix: workload for workload in (Register, Append, Counter, Batch)}


def keys_of(workload, generation):
    return [f"{workload.prefix}:{generation}:{number}" for number in range(KEYS)]


class Client:
    """Stays with the node that served a key until that fails it, so that it sees old leaders."""

    def __init__(self, space, number):
        self.space, self.number = space, number
        self.connections, self.preferred = {}, {}

    def node_of(self, key):
        return self.preferred.get(key, self.number % len(self.space.nodes) + 1)

    def connection(self, i):
        if i not in self.connections:
            self.connections[i] = SpaceResp(self.space, i, ANSWER_BOUND)
        return self.connections[i]

    def forget(self, i, key):
        self.preferred[key] = i % len(self.space.nodes) + 1
        if i in self.connections:
            self.connections.pop(i).close()

    def call(self, key, words):
        """(ok, answer), (fail, None) or (unknown, None)."""
        for _ in range(TRIES):
            i = self.node_of(key)
            try:
                connection = self.connection(i)
            except OSError:  # nothing was sent
                self.forget(i, key)
                time.sleep(PAUSE_MAX)
                continue
            try:
                answer = connection.call(*words)
            except Failed as refused:
                code, *rest = str(refused).split()
                if code not in NOTHING_HAPPENED:
                    return "unknown", None
                if code == "MOVED":
                    self.preferred[key] = int(rest[1].rsplit(":", 1)[1]) - 7400
                else:
                    self.forget(i, key)
                    time.sleep(PAUSE_MAX)
                continue
            except OSError:
                self.forget(i, key)
                return "unknown", None
            self.preferred[key] = i
            return "ok", answer
        return "fail", None

    def close(self):
        for connection in self.connections.values():
            connection.close()


class Clients:
    def __init__(self, space, workload, count, seed, path):
        self.space, self.workload, self.seed = space, WORKLOADS[workload](), seed
        self.file = open(path, "w")
        self.lock = threading.Lock()
        self.counts = {"ok": 0, "fail": 0, "unknown": 0}
        self.last_ok, self.gap_max = time.monotonic(), 0.0
        self.is_stopping, self.began, self.failures = False, time.monotonic(), []
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(count)]

    def start(self):
        self.began = self.last_ok = time.monotonic()
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.is_stopping = True
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]

    def generation(self):
        return int((time.monotonic() - self.began) / KEY_SECONDS)

    def run(self, number):
        try:
            client, stream, count = Client(self.space, number), random.Random(f"{self.seed}/client {number}"), 0
            while not self.is_stopping:
                count += 1
                key = stream.choice(keys_of(self.workload, self.generation()))
                op, words = self.workload.words(stream, key, f"{number}.{count}")
                self.operate(client, key, op, words, f"{number}.{count}")
                time.sleep(stream.uniform(0, PAUSE_MAX))
            client.close()
        except Exception as failure:  # a mistake of this program must not look like a quiet client
            self.failures.append(failure)

    def operate(self, client, key, op, words, value):
        row = {"client": client.number, "op": op, "key": key, "value": None if op == "read" else value,
               "outcome": "unknown", "start_ns": time.monotonic_ns(), "end_ns": None}
        row["outcome"], answer = client.call(key, words)
        now = time.monotonic_ns()
        if row["outcome"] == "ok":
            self.workload.note(row, answer)
        if row["outcome"] != "unknown":
            row["end_ns"] = now
        with self.lock:
            self.file.write(json.dumps(row) + "\n")
            self.counts[row["outcome"]] += 1
            if row["outcome"] == "ok":
                self.gap_max = max(self.gap_max, time.monotonic() - self.last_ok)
                self.last_ok = time.monotonic()
        return row["outcome"]

    def read_everything(self):
        """After healing: each key that was ever used, once more."""
        client = Client(self.space, len(self.threads))
        for generation in range(self.generation() + 1):
            for key in keys_of(self.workload, generation):
                wait_for(f"a last read of {key}", FINAL_BOUND, lambda key=key: self.operate(
                    client, key, "read", self.workload.reading(key), None) == "ok")
        client.close()

    def close(self):
        self.file.close()
