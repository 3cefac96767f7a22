#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The simulator's shell, through the real binary. usage: shell_test.py HARKA_SIM"""
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import simulator  # noqa: E402


def hash_of(text):
    return re.findall(r"hash ([0-9a-f]+)", text)[-1]


class Shell(simulator.Case):
    def test_a_session_moves_looks_and_asks(self):
        said = self.sim("shell", "--seed", "7", "-c", "run until leader 0; set r0.9 hello; get r0.9; nodes; leaders")
        self.assertIn("+OK\r\n" if "\r" in said else "+OK\n", said)
        self.assertIn("hello", said)
        self.assertRegex(said, r"node \d  up  shard 0 leads term \d+")
        self.assertRegex(said, r"shard 0  node \d")

    def test_faults_show_and_heal(self):
        said = self.sim("shell", "-c", "inject crash leader 0 for 9s; run until no-leader 0; run until leader 0; heal; run 2s")
        self.assertNotIn("not reached", said)
        said = self.sim("shell", "-c", "inject crash node 2 for 9s; nodes; run 1s; nodes; heal; nodes")
        self.assertEqual(said.count("node 2  down"), 2, said)

    def test_step_takes_one_message_at_a_time(self):
        said = self.sim("shell", "-c", "trace on; step; step 3")
        self.assertRegex(said.splitlines()[0], r" -> \d+/\S+ \w+")
        self.assertEqual(len([line for line in said.splitlines() if " -> " in line]), 4, said)

    def test_a_saved_session_replays_to_the_same_hash(self):
        commands = "run 0.7s\ninject partition others 1 for 2s\nset r0.1 x\nrun 1.3s\nheal\nstep 5\nget r0.1\nsave session.capsule\n"
        Path(self.cwd, "commands").write_text(commands)
        saved = self.sim("shell", "--seed", "11", "--nodes", "5", "-f", "commands")
        again = self.sim("replay", "session.capsule")
        self.assertEqual(hash_of(saved), hash_of(again), saved + again)
        self.assertIn("partition", Path(self.cwd, "session.capsule").read_text())
        other = self.sim("shell", "--seed", "11", "--nodes", "5", "-c", "run 0.7s; run 1.3s")
        self.assertNotEqual(hash_of(saved), hash_of(other))

    def test_a_session_goes_on_from_a_capsule(self):
        self.sim("shell", "-c", "run 1s; inject crash node 1 for 1s; save first.capsule")
        self.assertIn("0 faults", self.sim("shell", "-c", "status"))
        self.assertIn("1 faults", self.sim("shell", "first.capsule", "-c", "run 2s"))

    def test_mistakes_are_said_and_the_session_goes_on(self):
        done = subprocess.run(
            [simulator.SIM, "shell"], input="fly\ninject explode\nrun until noon\nget\nrun 1x\nstatus\n",
            cwd=self.cwd, capture_output=True, text=True, timeout=100)
        self.assertEqual(done.returncode, 2)
        for word in ["no such command: fly; 'help' lists them", "no such fault: explode", "a condition is", "say 'get KEY", "1x"]:
            self.assertIn(word, done.stderr)
        self.assertIn("shard 0  ", done.stdout)
        self.assertIn("run until CONDITION", self.sim("shell", "-c", "help; quit; fly"))


if __name__ == "__main__":
    unittest.main()
