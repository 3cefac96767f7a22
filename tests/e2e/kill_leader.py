#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 and SIGSTOP of a leader under load: nothing acknowledged is lost, all linearizable."""
import signal
import sys

from e2e_lib import Recorder, main


def run(cluster):
    recorder = Recorder(cluster)
    recorder.start()
    try:
        recorder.progress(300)
        for _ in range(2):
            victim = cluster.leader_of("reg:1")
            cluster.servers[victim].kill()
            cluster.servers[victim].process.wait()
            recorder.progress(300)
            cluster.servers[victim].start()
            cluster.wait_healthy(90)
            recorder.progress(200)
        # Stopped for longer than its lease: it must not answer reads from the past afterwards.
        victim = cluster.leader_of("reg:2")
        cluster.servers[victim].kill(signal.SIGSTOP)
        recorder.progress(50, 60)
        cluster.servers[victim].kill(signal.SIGCONT)
        recorder.progress(300)
        cluster.wait_healthy(90)
    finally:
        recorder.stop()
    recorder.check()


sys.exit(main(run))
