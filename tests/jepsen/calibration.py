#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# timeout: 400
"""Nodes that acknowledge before they sync must be caught: a test that never caught anything proves
nothing. One run may be lucky, because what the last flush held decides; three are not."""
import shutil
import sys

import space_lib
from jepsen_lib import Run, carry_out, folder_of, need_preload
from verdict_lib import VIOLATED

TRIES = 3


def main():
    space_lib.enter()
    need_preload()
    for seed in range(1, TRIES + 1):
        run = Run("append", ("power-all",), seed=seed, seconds=12, heal_bound=30,
                  extra=("--unsafe", "ack-before-fsync"))
        verdict, words = carry_out(run)
        if verdict == VIOLATED:
            shutil.rmtree(folder_of(run), ignore_errors=True)
            print(f"ok: ack-before-fsync was caught: {words.splitlines()[0][:200]}")
            return 0
    print(f"FAILED: ack-before-fsync was not caught in {TRIES} runs")
    return 1


sys.exit(main())
