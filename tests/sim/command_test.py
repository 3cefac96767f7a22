#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The simulator's command line, as somebody with a failing seed uses it: from the seed to a capsule,
to a small one, to its story, its trace and where it differs. usage: command_test.py HARKA_SIM"""
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import simulator  # noqa: E402


class Command(simulator.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.failed = cls.sim("run", "--mutant", "forgets-votes", "--seeds", "1..50", code=129)
        cls.capsule = str(next(cls.cwd.glob("*.capsule")))

    def test_a_failure_says_all_that_is_needed_to_have_it_again(self):
        for word in ["broken (correctness): ", "seed: ", "commit: ", "options: ", "replay:  harka sim run ", "capsule: "]:
            self.assertIn(word, self.failed)
        self.assertIn("broken (correctness)", self.sim("replay", self.capsule, code=129))

    def test_minimise_writes_a_small_capsule_with_the_same_failure(self):
        said = self.sim("minimise", self.capsule, "-o", "small.capsule")
        self.assertRegex(said, r"faults \d+ -> 0, operations \d+ -> 0, nodes \d+ -> [123],")
        property_of = [line for line in self.failed.splitlines() if line.startswith("broken")][0]
        self.assertIn(property_of.split(":")[1], self.sim("replay", "small.capsule", code=129))

    def test_explain_ends_with_what_broke(self):
        story = self.sim("explain", self.capsule, code=129)
        self.assertIn("Broken: ", story.splitlines()[-1])

    def test_every_line_of_a_trace_is_json_and_messages_arrive_after_they_were_sent(self):
        self.sim("trace", "--seed", "3", "-o", "trace.jsonl")
        sent, kinds, last = set(), set(), 0
        for line in Path(self.cwd, "trace.jsonl").read_text().splitlines():
            event = json.loads(line)
            self.assertGreaterEqual(event["t"], last)
            last = event["t"]
            kinds.add(event["e"])
            if event["e"] == "send":
                sent.add(event["id"])
            elif event["e"] in ("recv", "lost"):
                self.assertIn(event["id"], sent)
        self.assertLessEqual({"begin", "up", "down", "state", "config", "send", "recv", "lost", "fault", "invoke", "answer", "end"}, kinds)

    def test_diff_shows_where_two_runs_part(self):
        self.assertIn("no difference", self.sim("diff", self.capsule, self.capsule))
        other = Path(self.cwd, "other.capsule")
        other.write_text(Path(self.capsule).read_text() + "seed 99999\n")
        self.assertIn("the same for", self.sim("diff", self.capsule, "other.capsule", code=1))

    def test_marks_that_no_seed_hits_are_named(self):
        said = self.sim("marks", "--profile", "calm", "--seeds", "1..3", code=1)
        self.assertRegex(said, r"read-by-lease +3  calm 1 +A leader answers")
        self.assertRegex(said, r"log-truncated +0  NEVER")
        self.assertRegex(said, r"\d+ of \d+ marks hit in 3 runs")
        self.assertRegex(self.sim("run", "--seeds", "1..3", "--marks"), r"log-truncated +\d+ ")

    def test_mistakes_are_said(self):
        self.assertIn("no such command: frobnicate", self.sim("frobnicate", code=2))
        self.assertIn("no such profile: x", self.sim("run", "--profile", "x", code=2))
        self.assertIn("not seeds", self.sim("run", "--seeds", "9..1", code=2))
        self.assertIn("no such file", self.sim("replay", "absent.capsule", code=2).lower())
        Path(self.cwd, "broken.capsule").write_text("nodes 3\nfault 1s explode\n")
        self.assertIn("line 2: no such fault: explode", self.sim("replay", "broken.capsule", code=2))
        Path(self.cwd, "old.capsule").write_text("# commit: 000000000000\nnodes 3\n")
        self.assertIn("--any-build", self.sim("replay", "old.capsule", code=2))
        self.assertIn("does not fail", self.sim("minimise", "--seed", "3", code=2))


if __name__ == "__main__":
    unittest.main()
