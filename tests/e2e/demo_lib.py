# SPDX-License-Identifier: Apache-2.0
"""What the demo's two tests share."""
import os
import socket
from pathlib import Path

from e2e_lib import BINARY, Failed  # noqa: F401


def free_port_base():
    """A base whose whole port plan (1 to 9 for clients, 51 to 59 for links) is free."""
    for _ in range(200):
        base = 10000 + int.from_bytes(os.urandom(2), "big") % 10000
        probes = []
        try:
            for port in [*range(base + 1, base + 10), *range(base + 51, base + 60)]:
                probes.append(socket.create_server(("127.0.0.1", port)))
            return base
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
    raise Failed("no free ports on loopback")


def running_nodes(base):
    """Processes whose command line has a client port of this plan."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if any(f"127.0.0.1:{base + i}" in words for i in range(1, 10)):
            found.append(int(folder.name))
    return found
