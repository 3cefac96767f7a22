#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGTERM one node after another under load: it drains, exits 0, comes back; clients that follow
redirections see no failed request but those whose connection closed under them."""
import signal
import sys

from e2e_lib import Failed, Recorder, main


def run(cluster):
    recorder = Recorder(cluster)
    recorder.start()
    try:
        recorder.progress(200)
        for server in cluster.servers:
            server.kill(signal.SIGTERM)
            code = server.process.wait(30)
            if code != 0:
                raise Failed(f"a drained node exited with {code}")
            recorder.progress(100)
            server.start()
            cluster.wait_healthy(90)
    finally:
        recorder.stop()
    recorder.check()


sys.exit(main(run))
