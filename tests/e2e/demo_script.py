#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
"""`harka demo` without a terminal: its script ends with "lost 0", its report is JSON, a kept folder
starts again, a taken port is named with its holder, and afterwards nothing is left."""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from demo_lib import BINARY, free_port_base, running_nodes  # noqa: E402
from e2e_lib import Failed  # noqa: E402


def demo(base, *flags, bound=280, **more):
    return subprocess.run(
        [str(BINARY), "demo", "--port-base", str(base), *flags], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=bound, **more)


def expect(is_true, text, result):
    if not is_true:
        raise Failed(f"{text}\n--- stdout\n{result.stdout[-3000:]}\n--- stderr\n{result.stderr[-3000:]}")


def script_with_report(base, folder, script, victims):
    result = demo(base, "--script", script, "--json", "--seconds", "2", "--data", folder)
    expect(result.returncode == 0, f"{script} exited with {result.returncode}", result)
    report = json.loads(result.stdout)
    expect(report["kind"] == "DemoReport" and report["ok"] is True, "the report is not ok", result)
    expect(report["lost"] == 0 and report["checked"] == report["acknowledged"] > 0,
           "not every acknowledged write was found again", result)
    # The nearest other region is 82 ms away and back: no quorum answers sooner.
    expect(report["writeP50Ms"] >= 82, "writes are faster than the distances allow", result)
    kills = report["items"]
    expect(len(kills) == 1 and len(kills[0]["name"].split()) == victims, "not the kill asked for", result)
    expect(kills[0]["healedSeconds"] > 0, "no healing was timed", result)
    return report


def check_taken_port(base):
    with socket.create_server(("127.0.0.1", base + 4)):
        result = demo(base, "-o", "json", bound=30)
    expect(result.returncode == 2, "a taken port must be wrong usage", result)
    error = json.loads(result.stdout)
    expect(error["code"] == "HK2003" and str(os.getpid()) in error["what"], "the holder is not named", result)


def check_temporary(base):
    with tempfile.TemporaryDirectory(prefix="harka-e2e-") as folder:
        result = demo(base, "--seconds", "1", env=dict(os.environ, TMPDIR=folder))
        expect(result.returncode == 0, f"the demo exited with {result.returncode}", result)
        for words in ("Not for production", "deleted at the end", "lost 0", "the invariants held"):
            expect(words in result.stdout, f"'{words}' was not said", result)
        expect(re.search(r"\d\.\d{3} s  healed", result.stdout), "healing was not timed", result)
        expect(not os.listdir(folder), "temporary data is left", result)


def main():
    base = free_port_base()
    try:
        check_taken_port(base)
        check_temporary(base)
        with tempfile.TemporaryDirectory(prefix="harka-e2e-") as folder:
            data = str(Path(folder) / "data")
            script_with_report(base, data, "node-loss", 1)
            script_with_report(base, data, "region-loss", 3)
        if running_nodes(base):
            raise Failed(f"nodes were left running: {running_nodes(base)}")
    except (Failed, subprocess.TimeoutExpired) as failure:
        print(f"FAILED: {failure}")
        return 1
    print("ok")
    return 0


sys.exit(main())
