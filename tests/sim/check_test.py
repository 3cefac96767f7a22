#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`harka check history`, as somebody with a recorded history uses it. usage: check_test.py HARKA_SIM"""
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import simulator  # noqa: E402

ETCD = Path(__file__).resolve().parent.parent / "testdata" / "jepsen-etcd"


def row(client, op, value, start, end, **more):
    return {"client": client, "op": op, "key": "k", "value": value, "outcome": "unknown" if end is None else "ok",
            "start_ns": start, "end_ns": end, **more}


class Check(simulator.Case):
    def check(self, rows, *words, code=0):
        Path(self.cwd, "h.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
        return self.sim("check", "history", "h.jsonl", *words, code=code)

    def test_published_histories_of_etcd_get_their_verdicts(self):
        for number, code in [("000", 1), ("002", 0), ("005", 0), ("007", 0), ("012", 1), ("020", 1)]:
            said = self.sim("check", "history", str(ETCD / f"etcd_{number}.log"), code=code)
            self.assertIn("not linearizable: key register" if code else "linearizable: ", said)

    def test_a_stale_read_is_drawn_with_the_reason(self):
        said = self.check([row(1, "write", "a", 1, 2), row(2, "write", "b", 3, 4), row(3, "read", "a", 5, 6)], code=1)
        self.assertIn("  client 2   [write b]\n  client 3            [read a]\n", said)
        self.assertIn("client 3 read a [5, 6]: it read a, and the key holds b", said)

    def test_what_every_register_holds_at_first_can_be_said(self):
        rows = [row(1, "read", "a", 1, 2)]
        self.check(rows, code=1)
        self.check(rows, "--initial", "a")

    def test_transactions_are_told_as_a_cycle_with_its_proof(self):
        def txn(client, acts, start, end):
            return {"client": client, "op": "txn", "txn": acts, "outcome": "ok", "start_ns": start, "end_ns": end}
        wrote = txn(1, [["append", "x", 1]], 0, 10)
        self.assertIn("strictly serializable: 2 ", self.check([wrote, txn(2, [["r", "x", [1]]], 20, 30)]))
        missed = txn(2, [["r", "x", []]], 20, 30)
        said = self.check([wrote, missed], code=1)
        self.assertIn("G-single-realtime: T1 before T2 before T1\n", said)
        self.assertIn("T1 had ended at 10, and T2 began at 20 (rt)\n", said)
        self.check([wrote, missed], "--no-real-time")
        self.assertIn("1 is appended to x twice", self.check([wrote, wrote], code=2))

    def test_beyond_its_budget_it_is_undecided(self):
        rows = [row(i, "write", str(i), 0, 100) for i in range(14)]
        rows += [row(i, "read", str(i), 101 + i, 200) for i in range(14)]
        rows += [row(i, "write", str(i), 201, 300) for i in range(14)]
        self.assertIn("undecided", self.check(rows, "--budget", "100", code=7))
        self.assertIn("undecided", self.check(rows, "--budget", "0.000001s", code=7))

    def test_mistakes_are_said_with_their_line(self):
        Path(self.cwd, "h.jsonl").write_text(json.dumps(row(1, "read", None, 1, 2)) + "\nnonsense\n")
        self.assertIn("h.jsonl:2: ", self.sim("check", "history", "h.jsonl", code=2))
        self.assertIn("cannot read absent", self.sim("check", "history", "absent", code=2))
        self.assertIn("name one history", self.sim("check", "history", code=2))
        self.assertIn("not a budget", self.sim("check", "history", "x", "--budget", "soon", code=2))
        self.assertIn("no such thing to check: x", self.sim("check", "x", code=2))
        self.assertIn("docs/HISTORIES.md", self.sim("check", "--help"))


if __name__ == "__main__":
    unittest.main()
