#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 of every node at once, restart: every acknowledged write is still there."""
import sys

from e2e_lib import Recorder, main


def run(cluster):
    recorder = Recorder(cluster)
    recorder.start()
    try:
        recorder.progress(500)
    finally:
        for server in cluster.servers:
            server.kill()
        recorder.stop()
    for server in cluster.servers:
        server.process.wait()
        server.start()
    cluster.wait_healthy(90)
    again = Recorder(cluster, clients=1, first_client=100)
    again.history = recorder.history
    again.start()
    again.progress(200)
    again.stop()
    again.check()


sys.exit(main(run))
