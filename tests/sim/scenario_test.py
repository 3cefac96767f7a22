#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The simulator's scenarios, through the real binary. usage: scenario_test.py HARKA_SIM"""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import simulator  # noqa: E402

CALM = "# Mine.\nfault-phase 2s\n"


class Scenario(simulator.Case):
    def run_own(self, lines, code=0):
        Path(self.cwd, "own").write_text(lines)
        return self.sim("scenario", "run", "own", code=code)

    def test_one_is_known_by_its_name(self):
        self.assertIn("lone-voter: A lone voter needs no vote", self.sim("scenario", "list"))
        self.assertIn("1 of 1 scenarios hold", self.sim("scenario", "run", "lone-voter"))

    def test_one_is_a_file(self):
        self.assertIn("ok      own: Mine.", self.run_own(CALM + "expect mark read-by-lease\n"))

    def test_each_kind_of_expectation_can_be_missed(self):
        for missed in [
            "mark log-truncated",
            "never read-by-lease",
            "elected 0 within 1s of 0.5s",
            "answered within 0.000001s of 1s",
            "operations at-least 1000000",
        ]:
            self.assertIn("missed: expect " + missed, self.run_own(CALM + f"expect {missed}\n", code=1))
        crash = "fault 0.5s crash leader 0 for 1s\n"
        self.assertIn("missed: expect undisturbed", self.run_own(CALM + crash + "expect undisturbed 0 within 1.5s of 0.5s\n", code=1))

    def test_a_defect_that_it_should_notice_and_does_not_is_said(self):
        said = self.run_own(CALM + "kills heals-at-its-first-append\n", code=1)
        self.assertIn("goes through with the defect heals-at-its-first-append", said)
        self.assertIn("; without forgets-votes", self.run_own(CALM + "kills forgets-votes\n"))

    def test_mistakes_are_said_with_their_line(self):
        self.assertIn("line 3: expected 'kills MUTANT'", self.run_own(CALM + "kills no-such\n", code=2))
        self.assertIn("line 3: no such mark: no-such", self.run_own(CALM + "expect mark no-such\n", code=2))
        self.assertIn("line 3: 'peace' is none of", self.run_own(CALM + "expect peace\n", code=2))
        self.assertIn("no-such-name is no scenario of the library", self.sim("scenario", "run", "no-such-name", code=2))


if __name__ == "__main__":
    unittest.main()
