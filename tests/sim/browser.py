# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven over the DevTools protocol through a pair of pipes: real key presses
into a page that was opened from disk. Standard library only."""
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
PATIENCE = 60  # seconds for one answer, on a machine that has other things to do
KEYS = {" ": ("Space", 32), "ArrowLeft": ("ArrowLeft", 37), "ArrowUp": ("ArrowUp", 38), "ArrowRight": ("ArrowRight", 39),
        "ArrowDown": ("ArrowDown", 40), "Home": ("Home", 36), "End": ("End", 35), "Enter": ("Enter", 13),
        "Escape": ("Escape", 27), "Tab": ("Tab", 9)}


def find():
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    def __init__(self, binary):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        theirs_in, self.out = os.pipe()
        self.into, theirs_out = os.pipe()
        # Above 10, so that putting them at 3 and 4 cannot close one of them.
        theirs = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (theirs_in, theirs_out)]

        def place_pipes():
            os.dup2(theirs[0], 3)
            os.dup2(theirs[1], 4)

        words = [binary, "--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
                 "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                 "--window-size=1400,900", f"--user-data-dir={self.profile.name}", "about:blank"]
        self.process = subprocess.Popen(words, close_fds=False, preexec_fn=place_pipes, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (theirs_in, theirs_out, *theirs):
            os.close(end)
        self.last_id = 0
        self.buffer = b""
        self.events = []
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Runtime.enable")

    def close(self):
        os.close(self.out)  # it ends when its pipe does
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.into)
        self.profile.cleanup()

    def call(self, method, **parameters):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.last_id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def receive(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.into], [], [], max(0, end - time.monotonic()))
            part = os.read(self.into, 1 << 20) if ready else b""
            if not part:
                raise RuntimeError("the browser " + ("has ended" if ready else f"said nothing for {PATIENCE} s"))
            self.buffer += part
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def open(self, path):
        """Returns when the page's script has run."""
        self.events.clear()
        self.call("Page.navigate", url="file://" + str(path))
        self.wait_for("document.body !== null && document.body.dataset.ready === 'yes' && "
                      f"location.pathname === {json.dumps(str(path))}")

    def wait_for(self, expression):
        end = time.monotonic() + PATIENCE
        while not self.value(expression):
            if time.monotonic() > end:
                raise AssertionError(f"not within {PATIENCE} s: {expression}")

    def value(self, expression):
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise AssertionError(f"{expression}: {done['exceptionDetails']['exception'].get('description')}")
        return done["result"].get("value")

    def press(self, *keys, shift=False):
        """Each as a person presses it: down, with its text, and up. The page has handled it then."""
        for key in keys:
            code, number = KEYS.get(key, ("", ord(key.upper()) if len(key) == 1 and key.isalnum() else 0))  # 46 is Delete, not a point
            text = key if len(key) == 1 else "\r" if key == "Enter" else ""
            same = {"key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": 8 if shift else 0}
            self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **same,
                      **({"text": text} if text else {}))
            self.call("Input.dispatchKeyEvent", type="keyUp", **same)

    def faults(self):
        """What went wrong in the page's scripts, and what it asked the network for."""
        self.value("0")
        return [event["params"] for event in self.events
                if event.get("method") in ("Runtime.exceptionThrown", "Page.javascriptDialogOpening")]
