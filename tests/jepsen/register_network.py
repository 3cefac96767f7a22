#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# timeout: 400
"""Five nodes, reads and writes of single keys; nodes are killed and stopped, links cut and bad."""
import sys

from jepsen_lib import Run, script

sys.exit(script(Run("register", ("kill", "pause", "partition", "net"), seed=1, seconds=60, nodes=5)))
