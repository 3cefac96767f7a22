#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# timeout: 400
"""Three nodes, appends; disks are full, slow and broken, power fails, clocks jump, nodes are killed."""
import sys

from jepsen_lib import Run, script

sys.exit(script(Run("append", ("disk", "power", "power-all", "clock", "kill"), seed=2, seconds=60)))
