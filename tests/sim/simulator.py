# SPDX-License-Identifier: Apache-2.0
"""A folder to run `harka sim` in, for tests of what it writes. The binary is the last argument of the test."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SIM = str(Path(sys.argv.pop(1)).resolve())


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.cwd = Path(folder.name)

    @classmethod
    def sim(cls, *words, code=0):
        """What `harka sim WORDS` printed; it must exit with `code`."""
        done = subprocess.run([SIM, *words], cwd=cls.cwd, capture_output=True, text=True, timeout=100)
        if done.returncode != code:
            raise AssertionError(f"{words}: exit code {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr
