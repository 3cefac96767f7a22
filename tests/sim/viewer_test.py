#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The viewer's page in a headless Chromium, by keys alone. What it must show is worked out here from
the trace, a second time. usage: viewer_test.py HARKA_SIM"""
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import browser  # noqa: E402
import simulator  # noqa: E402

FIELDS = ["role", "term", "last", "commit", "applied", "tainted", "voters", "outgoing", "learners"]
HOSTILE = "</script><img src=x onerror=window.hacked=1><!--<script>alert(1)"


def state_at(events, index):
    """Node to {up, epoch, groups} as the trace's lines say it, one after the other."""
    nodes = {}
    for event in events[:index + 1]:
        if event["e"] not in ("up", "down", "state", "config"):
            continue
        node = nodes.setdefault(event["n"], {"up": True, "epoch": 0, "groups": {}})
        if event["e"] == "up":
            node.update(up=True, epoch=event["epoch"])
        elif event["e"] == "down":
            node.update(up=False, groups={})
        else:
            node["groups"].setdefault(event["g"], {}).update(event["s" if event["e"] == "state" else "c"])
    return nodes


def shown(value):
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def differing(nodes, a, b):
    found = {}
    one, two = nodes.get(a, {}), nodes.get(b, {})
    for field in ("up", "epoch"):
        found[field] = (shown(one.get(field)), shown(two.get(field)))
    groups = [node.get("groups", {}) for node in (one, two)]
    for group in set(groups[0]) | set(groups[1]):
        for field in FIELDS:
            found[f"group {group} {field}"] = tuple(shown(side.get(group, {}).get(field)) for side in groups)
    return {place: pair for place, pair in found.items() if pair[0] != pair[1]}


def history(prop):
    """Two nodes, one of which leads, and three clients on one key."""
    return [
        {"t": 0, "e": "begin", "profile": "core", "seed": 5, "mutant": "none", "nodes": 2, "shards": 1, "commit": "c"},
        {"t": 1, "e": "up", "n": 1, "epoch": 1}, {"t": 2, "e": "up", "n": 2, "epoch": 1},
        *({"t": 500, "e": "state", "n": node, "g": 1, "s": {"role": "follower", "term": 0, "last": 0, "commit": 0, "applied": 0}}
          for node in (1, 2)),
        {"t": 1000, "e": "state", "n": 1, "g": 1, "s": {"role": "leader", "term": 1, "last": 2, "commit": 2, "applied": 2}},
        {"t": 1000, "e": "state", "n": 2, "g": 1, "s": {"role": "follower", "term": 1, "last": 1, "commit": 1, "applied": 1}},
        {"t": 5000, "e": "invoke", "c": 1, "op": 1, "act": "write", "key": "r0.0", "value": "1.1"},
        {"t": 9000, "e": "answer", "c": 1, "op": 1, "known": True, "value": "+OK\r\n"},
        {"t": 10000, "e": "invoke", "c": 2, "op": 1, "act": "write", "key": "r0.0", "value": "2.1"},
        {"t": 11000, "e": "invoke", "c": 3, "op": 1, "act": "read", "key": "r0.00", "value": ""},
        {"t": 12000, "e": "answer", "c": 3, "op": 1, "known": True, "value": "$3\r\n1.1\r\n"},
        {"t": 13000, "e": "answer", "c": 2, "op": 1, "known": True, "value": "+OK\r\n"},
        {"t": 20000, "e": "invoke", "c": 3, "op": 2, "act": "read", "key": "r0.0", "value": ""},
        {"t": 30000, "e": "answer", "c": 3, "op": 2, "known": True, "value": "$3\r\n1.1\r\n"},
        {"t": 31000, "e": "invoke", "c": 1, "op": 2, "act": "write", "key": "r0.0", "value": "1.2"},
        {"t": 36000, "e": "answer", "c": 1, "op": 2, "known": False, "value": ""},
        {"t": 40000, "e": "end", "property": prop}]


class Viewer(simulator.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser.Browser(browser.find())
        cls.addClassCleanup(cls.browser.close)
        cls.sim("run", "--mutant", "ignores-loyalty", "--seeds", "1..400", code=129)
        capsule = str(next(cls.cwd.glob("*.capsule")))
        cls.sim("trace", capsule, "-o", "failed.jsonl", code=129)
        cls.sim("view", capsule, "--html", "failed.html", code=129)
        cls.events = [json.loads(line) for line in (cls.cwd / "failed.jsonl").read_text().splitlines()]

    def setUp(self):
        self.press, self.value = self.browser.press, self.browser.value

    def tearDown(self):
        self.assertEqual(self.browser.faults(), [])

    def open(self, name="failed"):
        self.browser.open(self.cwd / (name + ".html"))

    def open_trace(self, name, lines):
        text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        (self.cwd / (name + ".jsonl")).write_text(text)
        self.sim("view", "--trace", name + ".jsonl", "--html", name + ".html")
        self.open(name)

    def index(self):
        return int(self.value("document.body.dataset.index"))

    def text(self, selector):
        return self.value(f"document.querySelector({json.dumps(selector)}).textContent")

    def lanes(self, condition="true"):
        return self.value("[...document.querySelectorAll('#heads button')].filter((head) => !head.hidden && "
                          f"{condition}).map((head) => Number(head.dataset.lane))")

    def table(self, selector):
        return self.value(f"[...document.querySelectorAll('{selector} tr[data-field]')].map((row) => "
                          "[...row.children].map((cell) => cell.textContent))")

    def type(self, key, text):
        self.press(key, *text, "Enter")

    def expect_state(self, node):
        index = self.index()
        groups = state_at(self.events, index).get(node, {"groups": {}})["groups"]
        wanted = [[field] + [shown(groups[group].get(field)) for group in sorted(groups)] for field in FIELDS]
        self.assertEqual(self.table("#state"), wanted if groups else [], f"node {node} after event {index}")

    def test_there_is_a_lane_for_each_node_and_one_for_the_clients(self):
        self.open()
        self.assertEqual(self.lanes(), list(range(1, self.events[0]["nodes"] + 1)) + [0])

    def test_v_goes_to_where_it_broke(self):
        self.open()
        self.press("v")
        self.assertEqual(self.index(), len(self.events) - 1)
        self.assertEqual(self.events[-1]["e"], "end")
        self.assertIn("VIOLATED: " + self.events[-1]["property"], self.text("#events [aria-current]"))
        self.assertIn(self.events[-1]["property"], self.text("#verdict"))

    def test_the_state_shown_is_what_the_trace_says_at_that_time(self):
        self.open()
        self.press("ArrowDown")
        for _ in range(40):
            self.press("ArrowRight")
            self.expect_state(2)
        self.press("ArrowRight", shift=True)
        self.assertEqual(self.index(), 140)
        self.press("ArrowLeft")
        self.assertEqual(self.index(), 139)
        self.expect_state(2)
        self.press("v")
        for _ in range(20):
            self.press("ArrowLeft", shift=True)
            self.expect_state(2)
        self.press("ArrowUp")
        self.expect_state(1)
        self.press("Home")
        self.assertEqual(self.index(), 0)
        down = next(at for at, event in enumerate(self.events) if event["e"] == "down")
        self.type("t", "1.5")
        self.type("t", f"{self.events[down]['t'] / 1e9 + 1e-9:.9f}")
        self.assertEqual(self.index(), down)
        self.press(*["ArrowDown"] * (self.events[down]["n"] - 1))
        self.assertEqual(self.text("#state_node"), "down")
        self.expect_state(self.events[down]["n"])
        self.press(*["ArrowUp"] * (self.events[down]["n"] - 1))
        self.press("End")
        self.expect_state(1)

    def test_n_and_p_go_to_what_matters(self):
        roles, wanted = {}, []
        for at, event in enumerate(self.events):
            if event["e"] == "down":
                roles = {place: role for place, role in roles.items() if place[0] != event["n"]}
            elif event["e"] == "state":
                place, role = (event["n"], event["g"]), (event["s"]["role"], event["s"]["term"])
                if roles.get(place) == role:
                    continue
                roles[place] = role
            elif event["e"] not in ("fault", "up", "exit", "wiped", "config", "end"):
                continue
            if event["t"] > 4e9:
                wanted.append(at)
        self.open()
        self.type("t", "4")
        for at in wanted[:25]:
            self.press("n")
            self.assertEqual(self.index(), at)
        for at in wanted[23::-1]:
            self.press("p")
            self.assertEqual(self.index(), at)

    def test_filter_and_digits_hide_lanes_and_their_events(self):
        self.open()
        self.type("/", "1 node 3")
        self.assertEqual(self.lanes(), [1, 3])
        self.press("3")
        self.assertEqual(self.lanes("head.getAttribute('aria-pressed') === 'true'"), [1])
        for _ in range(30):
            self.press("ArrowRight")
            event = self.events[self.index()]
            if event["e"] == "state":
                self.assertEqual(event["n"], 1)
            self.assertNotIn(event["e"], ("invoke", "answer"))
        self.press("/", "Escape", "3")
        self.assertEqual(len(self.lanes("head.getAttribute('aria-pressed') === 'true'")), self.events[0]["nodes"] + 1)

    def test_d_lists_in_what_two_nodes_differ(self):
        self.open()
        self.press("v", "d")
        nodes = state_at(self.events, len(self.events) - 1)
        for other in (2, 3):
            wanted = differing(nodes, 1, other)
            self.assertTrue(wanted)
            self.assertEqual({row[0]: (row[1], row[2]) for row in self.table("#differing")}, wanted)
            self.press("ArrowDown", shift=True)
        self.press("d")
        self.assertTrue(self.value("document.getElementById('difference').hidden"))

    def test_space_plays_and_pauses(self):
        self.open()
        self.press(" ")
        self.browser.wait_for("Number(document.body.dataset.index) > 20")
        self.press(" ")
        self.assertEqual(self.value("document.getElementById('play').getAttribute('aria-pressed')"), "false")
        index = self.index()
        self.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.assertEqual(self.index(), index)

    def test_everything_has_a_key_and_a_name(self):
        self.open()
        self.press("?")
        self.assertTrue(self.value("document.getElementById('help').open"))
        said = self.text("#help_keys")
        for word in ["play", "violation", "difference", "lane", "time", "group", "messages", "open a trace"]:
            self.assertIn(word, said)
        self.press("Escape")
        self.assertFalse(self.value("document.getElementById('help').open"))
        unnamed = self.value("[...document.querySelectorAll('button, input, select, canvas')].filter((one) => "
                             "!one.getAttribute('aria-label') && !one.textContent.trim()).map((one) => one.outerHTML)")
        self.assertEqual(unnamed, [])
        reached = set()
        for _ in range(40):
            self.press("Tab")
            reached.add(self.value("document.activeElement.id || document.activeElement.dataset.key || "
                                   "'lane ' + document.activeElement.dataset.lane"))
        self.assertLessEqual({"play", "jump", "time", "filter", "group", "messages", "compare", "lane 1", "lane 0"}, reached)

    def pixels(self, lane, colour):
        """How high the colour stands in the lane, in pixels, on the average."""
        return self.value("""((lane, colour) => {
          const head = document.querySelector(`#heads [data-lane="${lane}"]`);
          const canvas = document.getElementById("canvas");
          const scale = canvas.width / canvas.clientWidth;
          const wanted = getComputedStyle(document.documentElement).getPropertyValue("--" + colour).trim();
          const bytes = [1, 3, 5].map((at) => parseInt(wanted.slice(at, at + 2), 16));
          const area = [0, head.offsetTop * scale, canvas.width, head.offsetHeight * scale];
          const data = canvas.getContext("2d").getImageData(...area).data;
          let count = 0;
          for (let at = 0; at < data.length; at += 4) count += bytes.every((byte, i) => data[at + i] === byte);
          return count / canvas.width;
        })""" + f"({lane}, '{colour}')")

    def test_roles_and_logs_are_drawn_where_the_node_lies(self):
        self.open_trace("roles", history(""))
        self.assertGreater(self.pixels(1, "leader"), 5)
        self.assertEqual(self.pixels(2, "leader"), 0)
        self.assertAlmostEqual(self.pixels(2, "committed") / self.pixels(1, "committed"), 0.5, delta=0.15)
        self.assertEqual(self.text("#verdict"), "Nothing broke.")

    def test_the_operations_that_do_not_fit_are_marked(self):
        self.open_trace("window", history("key r0.0 is not linearizable: 2 of 4 operations fit in order; not placeable next:"
                                          " read 1.1 [20001, 30001] write 1.2 [31000, ?]"))
        self.assertEqual(self.text("#broken"), "Key r0.0, 0.000020 s to 0.000040 s; does not fit: client 3 read 1.1, client 1 write 1.2")
        self.open_trace("twice", history("the append of 2.1 to r0.0 took effect twice"))
        self.assertEqual(self.text("#broken"), "Key r0.0, 0.000010 s to 0.000013 s; does not fit: client 2 write 2.1")
        self.open_trace("none", history("two leaders in term 3"))
        self.assertTrue(self.value("document.getElementById('broken').hidden"))

    def test_what_a_trace_says_stays_text(self):
        lines = history("key " + HOSTILE)
        for event in lines:
            for field in ("profile", "commit", "mutant", "act", "key", "value"):
                if field in event:
                    event[field] = HOSTILE
        lines[5]["s"]["role"] = HOSTILE
        lines.insert(7, {"t": 1000, "e": "send", "id": HOSTILE, "from": 1, "to": 2, "m": HOSTILE, "x": HOSTILE})
        lines.insert(8, {"t": 1000, "e": "fault", "kind": "__proto__", "text": HOSTILE, "n": 1, "others": [2], "until": 2000})
        lines.insert(9, {"t": 1000, "e": "constructor", "n": HOSTILE})
        self.open_trace("hostile", lines)
        self.press("d", *["ArrowRight"] * len(lines))
        self.assertEqual(self.value("document.querySelectorAll('img').length"), 0)
        self.assertEqual(self.value("document.scripts.length"), 2)
        self.assertIsNone(self.value("window.hacked"))
        self.assertIn(HOSTILE, self.text("#verdict"))
        self.assertIn(HOSTILE, self.text("#state"))
        self.assertIn('"e":"constructor"', self.text("#events"))

    def test_lines_that_are_no_events_are_named(self):
        self.open_trace("bad", [json.dumps(history("")[0]), "{nonsense", json.dumps(history("")[1])])
        self.assertIn("no events: 2", self.text("#problems"))
        self.assertEqual(self.lanes(), [1, 2])

    def test_another_trace_opens_in_the_same_page(self):
        self.open_trace("empty", [])
        self.assertFalse(self.value("document.getElementById('empty').hidden"))
        root = self.browser.call("DOM.getDocument")["root"]["nodeId"]
        file = self.browser.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        self.browser.call("DOM.setFileInputFiles", nodeId=file, files=[str(self.cwd / "failed.jsonl")])
        self.browser.wait_for("document.querySelectorAll('#heads button').length > 0")
        self.press("v")
        self.assertEqual(self.index(), len(self.events) - 1)

    def test_the_page_needs_nothing_but_itself(self):
        page = (self.cwd / "failed.html").read_text()
        self.assertIn("default-src 'none'", page)
        for word in ["src=", "href=", "url(", "@import", "http://", "https://", "fetch(", "innerHTML", "@SCRIPT@", "@STYLE@"]:
            self.assertNotIn(word, page)

    def test_a_long_trace_is_shown_in_parts(self):
        lines = history("")[:5]
        for number in range(25_000):
            time = 2000 + number * 1000
            lines.append({"t": time, "e": "send", "id": number, "from": 1, "to": 2, "m": "AppendEntries", "x": "group 1"})
            lines.append({"t": time, "e": "state", "n": 1, "g": 1, "s": {"role": "leader", "term": 1, "last": number, "commit": number, "applied": 0}})
            lines.append({"t": time + 500, "e": "recv", "id": number})
            lines.append({"t": time + 500, "e": "state", "n": 2, "g": 1, "s": {"role": "follower", "term": 1, "last": number, "commit": number, "applied": 0}})
        self.open_trace("long", lines)
        self.assertLessEqual(int(self.value("document.body.dataset.arcs")), 200)
        self.press("End", "ArrowLeft", shift=False)
        self.assertEqual(self.table("#state")[2], ["last", "24999"])
        self.press(*["+"] * 12)
        self.assertGreater(int(self.value("document.body.dataset.arcs")), 0)

    def test_view_says_what_is_missing(self):
        self.assertIn("--html", self.sim("view", "--seed", "3", code=2))
        self.assertIn("no such file", self.sim("view", "--trace", "absent", "--html", "a.html", code=2).lower())


if __name__ == "__main__":
    if browser.find() is None:
        print("skipped: no headless Chromium here; Debian has it as chromium-headless-shell")
        sys.exit(77)
    unittest.main()
