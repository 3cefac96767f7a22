#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# timeout: 600
"""`harka demo` as a person at a terminal meets it: kill, revive, status, mistakes, a lost majority,
quit; and Ctrl-C, which leaves nothing behind."""
import os
import pty
import re
import select
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from demo_lib import BINARY, free_port_base, running_nodes  # noqa: E402
from e2e_lib import Failed  # noqa: E402

PROMPT = "demo> "


class Terminal:
    """A child on a pseudo-terminal; ended by id."""

    def __init__(self, words, environment):
        self.seen = ""
        self.process, self.file = pty.fork()
        if self.process == 0:
            os.execve(words[0], words, environment)

    def read_until(self, text, bound=150):
        """What came, up to and with `text`."""
        end = time.monotonic() + bound
        while text not in self.seen:
            if time.monotonic() > end or not self.read(end - time.monotonic()):
                raise Failed(f"'{text}' did not come; instead:\n{self.seen[-3000:]}")
        at = self.seen.index(text) + len(text)
        came, self.seen = self.seen[:at], self.seen[at:]
        return came

    def read(self, bound):
        if not select.select([self.file], [], [], max(bound, 0))[0]:
            return False
        try:
            chunk = os.read(self.file, 65536)
        except OSError:  # the other end is closed
            return False
        self.seen += chunk.decode(errors="replace")
        return bool(chunk)

    def command(self, line, bound=150):
        """What a console command answers."""
        os.write(self.file, line.encode() + b"\n")
        self.read_until(line.strip(), 10)  # the echo
        return self.read_until(PROMPT, bound)

    def wait(self, bound=120):
        """The rest of the output and the exit code."""
        end = time.monotonic() + bound
        while self.read(end - time.monotonic()):
            pass
        while time.monotonic() < end:
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                self.process = 0
                return self.seen, os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        raise Failed(f"the demo did not end:\n{self.seen[-3000:]}")

    def end(self):
        if self.process:
            os.kill(self.process, 9)
            os.waitpid(self.process, 0)
        os.close(self.file)


def expect(answer, pattern):
    if not re.search(pattern, answer):
        raise Failed(f"no match for '{pattern}' in:\n{answer}")


def converse(terminal):
    expect(terminal.read_until(PROMPT), "nine nodes joined")
    expect(terminal.command("stauts"), "did you mean 'status'")
    expect(terminal.command("kill"), "which one")
    expect(terminal.command("kill n42"), "there is no 'n42'")
    expect(terminal.command("status"), r"n9 .*shards")
    killed = terminal.command("kill n2")
    expect(killed, r"0\.000 s  kill -9 n2: \d+ shards lost their leader")
    expect(killed, r"\d\.\d{3} s  healed")
    expect(terminal.command("status"), r"n2 .*down")
    expect(terminal.command("kill n2"), "is down already")
    expect(terminal.command("revive us-east"), "lead shards again")
    expect(terminal.command("revive n2"), "runs already")
    # Two of three regions: no majority anywhere, and nothing that can be called lost.
    expect(terminal.command("kill eu-west"), "healed")
    expect(terminal.command("kill us-east"), "wait for a majority")
    expect(terminal.command("kill ap-south"), "would leave no node")
    expect(terminal.command("revive us-east"), "lead shards again")


def run(base, environment):
    words = [str(BINARY), "demo", "--port-base", str(base)]
    terminal = Terminal(words, environment)
    try:
        converse(terminal)
        os.write(terminal.file, b"quit\n")  # eu-west is still down: it comes back for the check
        output, code = terminal.wait()
        expect(output, r"lost 0, unreadable 0")
        expect(output, "the invariants held")
        if code != 0:
            raise Failed(f"quit exited with {code}:\n{output[-2000:]}")
    finally:
        terminal.end()

    terminal = Terminal(words, environment)
    try:
        terminal.read_until("starting nine nodes")
        os.write(terminal.file, b"\x03")
        output, code = terminal.wait()
        if code != 130:
            raise Failed(f"Ctrl-C while starting exited with {code}:\n{output[-2000:]}")
    finally:
        terminal.end()


def main():
    base = free_port_base()
    with tempfile.TemporaryDirectory(prefix="harka-e2e-") as folder:
        try:
            run(base, dict(os.environ, TMPDIR=folder, TERM="dumb"))
            if running_nodes(base):
                raise Failed(f"nodes were left running: {running_nodes(base)}")
            if os.listdir(folder):
                raise Failed(f"temporary data is left: {os.listdir(folder)}")
        except Failed as failure:
            print(f"FAILED: {failure}")
            return 1
    print("ok")
    return 0


sys.exit(main())
