#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What every command promises: one document in every format, errors with a code on stderr and as an
object for programs, exit codes, suggestions for typing mistakes, help on one screen."""
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from e2e_lib import BINARY, Failed
from cluster_lib import Resp, Server, free_port, wait_for

LINES_MAX = 50  # of a help page
STOPPED_BOUND = 20  # seconds; far above the 5 s that a question may take


def harka(*words, timeout=60, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("HARKA_") and k != "NO_COLOR"}
    return subprocess.run([str(BINARY), *words], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, env={**clean, **environment})


def expect(is_true, what, result):
    if not is_true:
        raise Failed(f"{what}: {result.args[1:]} exited with {result.returncode}\n"
                     f"--- stdout\n{result.stdout}\n--- stderr\n{result.stderr}")


def check_mistakes():
    for words, says in [(["staus"], "did you mean 'status'"), (["config", "chek"], "did you mean 'check'"),
                        (["demo", "--jsn"], "did you mean '--json'"), (["status", "-o", "xml"], "xml"),
                        ([], "Examples"), (["status", "--node"], "--node")]:
        result = harka(*words)
        expect(result.returncode == 2 and says in result.stderr, f"no '{says}'", result)
        expect(result.stdout == "", "an error is not an answer", result)
    result = harka("staus", "-o", "json")
    expect(json.loads(result.stdout)["code"] == "HK2001", "no error object", result)


def check_help():
    commands = ["start", "init", "status", "actors", "drain", "config", "cert", "demo", "bench", "explain"]
    for words in [[], *[[command] for command in commands], ["sim", "run"]]:
        result = harka(*words, "--help")
        expect(result.returncode == 0, "help failed", result)
        expect(len(result.stdout.splitlines()) <= LINES_MAX, "help is longer than a screen", result)
    result = harka("--help")
    expect(all(command in result.stdout for command in [*commands, "sim", "Examples"]), "incomplete", result)
    result = harka("--version")
    expect(result.returncode == 0 and result.stdout.startswith("harka "), "no version", result)


def check_explain():
    listed = json.loads(harka("explain", "-o", "json").stdout)["items"]
    for item in listed:
        result = harka("explain", item["id"].lower())
        expect(result.returncode == 0 and item["meaning"] in result.stdout, "no page", result)
    result = harka("explain", "HK0000")
    expect(result.returncode == 5, "an unknown code is not found", result)


def check_unreachable():
    node = f"127.0.0.1:{free_port()}"
    for verb in ("status", "actors", "drain", "init"):
        result = harka(verb, "--node", node, HARKA_OUTPUT="json")
        expect(result.returncode == 3, "unreachable is 3", result)
        error = json.loads(result.stdout)
        expect(error["kind"] == "Error" and error["code"] == "HK3001" and node in error["what"],
               "no error object", result)
        expect("harka explain HK3001" in result.stderr, "no word to people", result)


def check_formats(node):
    document = json.loads(harka("status", "--node", node, "-o", "json").stdout)
    for key in ("apiVersion", "kind", "items", "warnings"):
        if key not in document:
            raise Failed(f"status has no {key}")
    result = harka("status", "--node", node)
    expect(result.stdout.startswith("healthy\n") and "UN  n1" in result.stdout, "no table", result)
    expect("\x1b" not in result.stdout, "colour without a terminal", result)
    result = harka("status", "--node", node, "--no-headers")
    expect(result.stdout.startswith("UN  n1") and result.stdout.count("\n") == 1, "not only rows", result)
    for verb in ("status", "actors"):
        rows = json.loads(harka(verb, "--node", node, "-o", "json").stdout)["items"]
        lines = harka(verb, "--node", node, "-o", "jsonl").stdout.splitlines()
        names = harka(verb, "--node", node, "-o", "name").stdout.splitlines()
        if [json.loads(line)["name"] for line in lines] != names or len(names) != len(rows):
            raise Failed(f"{verb}: json, jsonl and name differ")
        result = harka(verb, "--node", node, HARKA_OUTPUT="yaml")
        expect(f"\n  - name: \"{names[0]}\"\n" in result.stdout, "no yaml", result)
    expect(harka("init", "--node", node).returncode == 6, "init works once", result)


def check_stopped(node, server):
    """A stopped node takes connections and says nothing: an answer comes in time all the same."""
    server.kill(signal.SIGSTOP)
    try:
        for verb, password in (("status", ""), ("status", "p"), ("actors", "")):
            result = harka(verb, "--node", node, timeout=STOPPED_BOUND, HARKA_OUTPUT="json",
                           HARKA_PASSWORD=password)
            expect(result.returncode == 7 and json.loads(result.stdout)["code"] == "HK7001", "no HK7001", result)
            expect(f"{node} did not answer: no reply in time" in result.stderr, "no words", result)
    except subprocess.TimeoutExpired:
        raise Failed(f"no end within {STOPPED_BOUND} s of a question to a stopped node") from None
    finally:
        server.kill(signal.SIGCONT)


def check_bench(node):
    result = harka("bench", "--node", node, "--seconds", "1", "--warm-up", "0", "-c", "4", "-P", "8",
                   "-r", "1000", "-o", "json")
    expect(result.returncode == 0, "bench failed", result)
    report = json.loads(result.stdout)
    rows = {row["name"]: row for row in report["items"]}
    expect(report["errors"] == 0 and set(rows) == {"GET", "SET", "all"}, "not the rows", result)
    for row in rows.values():
        order = [row[key] for key in ("p50Ms", "p90Ms", "p99Ms", "p999Ms", "maxMs")]
        expect(row["count"] > 0 and order == sorted(order) and order[0] > 0, "no percentiles", result)
    expect(rows["all"]["count"] == rows["GET"]["count"] + rows["SET"]["count"], "counts differ", result)


def main():
    with tempfile.TemporaryDirectory(prefix="harka-e2e-") as folder:
        server = None
        try:
            check_mistakes()
            check_help()
            check_explain()
            check_unreachable()
            port = free_port()
            node = f"127.0.0.1:{port}"
            server = Server(
                [str(BINARY), "start", "--client-address", node, "--link-address",
                 f"127.0.0.1:{free_port()}"], Path(folder) / "n1")
            wait_for("a single node", 60, lambda: Resp(port).call("SET", "k", "v") == "OK")
            wait_for("health", 60, lambda: harka("status", "--node", node).returncode == 0)
            check_formats(node)
            check_stopped(node, server)
            check_bench(node)
            server.kill(signal.SIGTERM)
            if server.process.wait(30) != 0:
                raise Failed("a stopped node does not exit with 0")
        except Failed as failure:
            print(f"FAILED: {failure}")
            return 1
        finally:
            if server:
                server.end()
    print("ok")
    return 0


sys.exit(main())
