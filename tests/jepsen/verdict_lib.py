# SPDX-License-Identifier: Apache-2.0
"""Is what the clients saw possible on one machine that executes one operation after the other?

Registers and batches go to HARKA's own checker. Appends and increments need no search: their answers
and the last read say at which position each took effect, so the order is known, and only has to agree
with time. Both are exact; what breaks is said with the operations that break it.
"""
import json
import subprocess
from collections import defaultdict

from clients_lib import END_OF_TOKEN
from nodes_lib import BINARY

LINEARIZABLE, VIOLATED, UNDECIDED = "linearizable", "violated", "undecided"


def check_registers(path):
    """The one place that knows how the checker is called."""
    result = subprocess.run([BINARY, "check", "history", path], capture_output=True, text=True)
    verdict = {0: LINEARIZABLE, 1: VIOLATED, 7: UNDECIDED}.get(result.returncode)
    if verdict is None:
        raise RuntimeError(f"the checker ended with {result.returncode}: {result.stderr}")
    return verdict, result.stdout.strip()


def check(path, is_complete=True):
    """(verdict, words) of a recorded history; it is complete when everything was read in the end."""
    rows = [json.loads(line) for line in open(path)]
    if not any(row["op"] in ("append", "increment") for row in rows):
        return check_registers(path)
    by_key = defaultdict(list)
    for row in rows:
        by_key[row["key"]].append(row)
    for key, of_key in sorted(by_key.items()):
        is_list = any(row["op"] == "append" for row in of_key)
        wrong = (wrong_appends if is_list else wrong_increments)(of_key, is_complete)
        if wrong:
            return VIOLATED, f"key {key}: {wrong}"
    return LINEARIZABLE, f"linearizable: {len(rows)} operations"


def show(row):
    end = "?" if row["end_ns"] is None else f"{row['end_ns'] / 1e9:.6f}"
    what = row["value"] if row["op"] != "increment" else row.get("position")
    return f"client {row['client']} {row['op']} {what} ({row['outcome']}, {row['start_ns'] / 1e9:.6f} to {end} s)"


def wrong_order(placed):
    """`placed` are (position, row). Who ended before another began is not behind it."""
    ends = sorted(((row["end_ns"], position, row) for position, row in placed if row["end_ns"] is not None),
                  key=lambda item: item[0])
    newest, i = None, 0
    for position, row in sorted(placed, key=lambda item: item[1]["start_ns"]):
        while i < len(ends) and ends[i][0] < row["start_ns"]:
            if newest is None or ends[i][1] > newest[1]:
                newest = ends[i]
            i += 1
        if newest and newest[1] > position:
            return f"{show(row)} took effect before {show(newest[2])}, which had ended when it began"
    return None


def reads_of(rows):
    return [row for row in rows if row["op"] == "read" and row["outcome"] == "ok"]


def wrong_appends(rows, is_complete):
    reads = reads_of(rows)
    if not reads:
        return "nothing was read in the end" if is_complete else None
    text = max((row["value"] or "" for row in reads), key=len)
    for row in reads:
        if not text.startswith(row["value"] or ""):
            return f"two reads are no prefixes of each other: {show(row)} and ...{text[-200:]}"
    tokens = text.split(END_OF_TOKEN)[:-1]
    ends, at = {}, 0
    for token in tokens:
        at += len(token) + len(END_OF_TOKEN)
        if token in ends:
            return f"{token} is there twice, at bytes {ends[token]} and {at}"
        ends[token] = at
    placed = [(len(row["value"] or "") + 0.5, row) for row in reads]
    known = set()
    for row in (row for row in rows if row["op"] == "append"):
        known.add(row["value"])
        position = ends.get(row["value"])
        if row["outcome"] == "ok" and position is None and not is_complete:
            continue
        if row["outcome"] == "ok" and position is None:
            return f"lost: {show(row)} is not in the last read"
        if row["outcome"] == "ok" and row["position"] != position:
            return f"{show(row)} was told {row['position']} bytes, and lies at {position}"
        if row["outcome"] == "fail" and position is not None:
            return f"{show(row)} was refused, and is in the last read"
        if position is not None:
            placed.append((position, row))
    strange = set(tokens) - known
    return f"nobody wrote {sorted(strange)[0]}" if strange else wrong_order(placed)


def wrong_increments(rows, is_complete):
    reads = reads_of(rows)
    if not reads:
        return "nothing was read in the end" if is_complete else None
    placed = [(int(row["value"] or 0) + 0.5, row) for row in reads]
    taken, unknown = {}, []
    for row in (row for row in rows if row["op"] == "increment"):
        if row["outcome"] == "unknown":
            unknown.append(row)
        elif row["outcome"] == "ok":
            if row["position"] in taken:
                return f"two increments were told the same: {show(row)} and {show(taken[row['position']])}"
            taken[row["position"]] = row
            placed.append((row["position"], row))
    last = int(max(placed, key=lambda item: item[0])[0])
    final = max(reads, key=lambda row: row["start_ns"])
    if is_complete and int(final["value"] or 0) != last:
        return f"lost: the last read is {show(final)}, but {last} was seen"
    return wrong_order(placed) or wrong_gaps(placed, taken, unknown, last)


def wrong_gaps(placed, taken, unknown, last):
    """Numbers that nobody was told belong to increments of unknown outcome, the earlier to the earlier:
    one that begins later can only take a higher number."""
    gaps = [number for number in range(1, last + 1) if number not in taken]
    if len(gaps) > len(unknown):
        return f"{last} increments took effect, {len(taken)} were answered and only {len(unknown)} are unknown"
    for number, row in zip(gaps, sorted(unknown, key=lambda row: row["start_ns"])):
        for position, other in placed:
            if position > number and other["end_ns"] is not None and other["end_ns"] < row["start_ns"]:
                return f"{show(other)} came after number {number}, which had nobody: {show(row)} began later"
    return None
