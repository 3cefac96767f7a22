# SPDX-License-Identifier: Apache-2.0
"""Which fault begins and ends when: drawn from a seed, printed before the run, the same each time.

Each group of faults is a track of its own with its own random numbers, so faults of two tracks
overlap, and leaving a track out of a profile shifts nothing in the others. A target `leader:KEY` is
whoever leads that key's shard when the fault begins.
"""
import random
from dataclasses import dataclass, field

TRACKS = {"process": ("kill", "pause", "kill-all"), "network": ("partition", "net"), "disk": ("disk", "power", "power-all"),
          "clock": ("clock",)}
KINDS = tuple(kind for kinds in TRACKS.values() for kind in kinds)
CALM = 1.5  # seconds at the beginning without faults
LEASE_PAUSE, DETECTOR_PAUSE = (0.8, 2.0), (4.0, 8.0)  # longer than a lease; than the failure detector


@dataclass
class Fault:
    at: float
    until: float
    kind: str
    target: object = None  # a node, or "leader:KEY", or nothing: all of them
    detail: dict = field(default_factory=dict)

    def __str__(self):
        target = "" if self.target is None else f" n{self.target}" if isinstance(self.target, int) else f" {self.target}"
        detail = "".join(f" {name}={words(value)}" for name, value in self.detail.items())
        return f"{self.at:5.1f} to {self.until:5.1f} s  {self.kind}{target}{detail}"


def words(value):
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, (list, tuple)):
        return ",".join(words(part) for part in value)
    return str(value)


def draw(seed, kinds, seconds, nodes, keys):
    """All faults of a run, in the order of their beginnings; all are over at `seconds`."""
    faults = []
    for track, of_track in TRACKS.items():
        chosen = [kind for kind in of_track if kind in kinds]
        if chosen:
            faults += draw_track(random.Random(f"{seed}/{track}"), chosen, seconds, nodes, keys)
    return sorted(faults, key=lambda fault: (fault.at, fault.kind))


def draw_track(stream, kinds, seconds, nodes, keys):
    faults, clock, waiting = [], CALM + stream.uniform(0, 1), []
    while True:
        if not waiting:  # each kind comes up before one comes up again
            waiting = stream.sample(kinds, len(kinds))
        fault = DRAWS[waiting.pop()](stream, nodes, keys)
        fault.at += clock
        fault.until += clock
        if fault.until > seconds:
            return faults
        faults.append(fault)
        clock = fault.until + stream.uniform(0.3, 2.0)


def target_of(stream, nodes, keys):
    return f"leader:{stream.choice(keys)}" if stream.random() < 0.5 else stream.randint(1, nodes)


def draw_kill(stream, nodes, keys):
    return Fault(0, stream.uniform(0.3, 4), "kill", target_of(stream, nodes, keys))


def draw_kill_all(stream, _nodes, _keys):
    return Fault(0, stream.uniform(0.1, 1), "kill-all")


def draw_pause(stream, nodes, keys):
    return Fault(0, stream.uniform(*stream.choice((LEASE_PAUSE, DETECTOR_PAUSE))), "pause",
                 target_of(stream, nodes, keys))


def draw_partition(stream, nodes, keys):
    """`cuts` are directed pairs; `of` says what they make."""
    order = stream.sample(range(1, nodes + 1), nodes)
    shape = stream.choice(("halves", "one", "one way", "bridge", "ring"))
    minority = order[:(nodes - 1) // 2]
    if shape == "one":
        minority = order[:1]
    majority = [node for node in order if node not in minority]
    there = [(a, b) for a in minority for b in majority]
    back = [(b, a) for a, b in there]
    cuts, target = there + back, None
    if shape == "one":  # so that it is often a leader
        target, cuts = target_of(stream, nodes, keys), []
    elif shape == "one way":
        cuts = stream.choice((there, back))
    elif shape == "bridge":  # the first of the majority sees all
        cuts = [pair for pair in cuts if majority[0] not in pair]
    elif shape == "ring":  # each sees its two neighbours
        near = {(order[i], order[(i + 1) % nodes]) for i in range(nodes)}
        cuts = [(a, b) for a in order for b in order if a != b and (a, b) not in near and (b, a) not in near]
        if not cuts:  # three nodes are a ring anyway: two of them do not see each other
            cuts = [(order[0], order[1]), (order[1], order[0])]
    detail = {"of": shape, **({"cuts": sorted(cuts)} if cuts else {})}
    return Fault(0, stream.uniform(1, 7), "partition", target, detail)


def draw_net(stream, nodes, _keys):
    """The proxies: each directed pair draws what happens to it, many of them nothing."""
    shape = stream.choice(("delay", "jitter", "slow", "stall", "reset", "tear", "replay"))
    pairs = [(a, b) for a in range(1, nodes + 1) for b in range(1, nodes + 1) if a != b]
    chosen = sorted(stream.sample(pairs, stream.randint(1, len(pairs))))
    detail = {"of": shape, "pairs": chosen}
    if shape == "delay":
        detail["delay"] = (stream.uniform(0.01, 0.15),) * 2
    elif shape == "jitter":
        detail["delay"] = (0.0, stream.uniform(0.05, 0.5))
    elif shape == "slow":
        detail["rate"] = stream.randint(5_000, 100_000)
    elif shape in ("reset", "tear", "replay"):
        return Fault(0, stream.uniform(0.5, 1.5), "net", None, detail)
    return Fault(0, stream.uniform(1, 6), "net", None, detail)


def draw_disk(stream, nodes, keys):
    shape = stream.choice(("full", "sync-error", "write-error", "slow-sync"))
    detail = {"of": shape, "survival": stream.choice((0.0, 0.5))}
    if shape == "slow-sync":
        detail["delay"] = stream.uniform(0.01, 0.3)
    return Fault(0, stream.uniform(1, 5), "disk", target_of(stream, nodes, keys), detail)


def draw_power(stream, nodes, keys):
    """What was not synced is gone, or each sector of it with some luck not."""
    return Fault(0, stream.uniform(0.1, 1.5), "power", target_of(stream, nodes, keys), draw_survival(stream))


def draw_power_all(stream, _nodes, _keys):
    return Fault(0, stream.uniform(0.1, 0.5), "power-all", None, draw_survival(stream))


def draw_survival(stream):
    return {"survival": stream.choice((0.0, 0.0, 0.5, 0.9))}


def draw_clock(stream, nodes, _keys):
    """The wall clock of one node jumps, and jumps back; not as far as certificates are valid (nodes_lib)."""
    size = stream.choice((0.1, 1.0, 60.0, 3600.0, 86400.0))
    offset = size * stream.uniform(0.5, 1) * stream.choice((-1, 1))
    return Fault(0, stream.uniform(0.5, 6), "clock", stream.randint(1, nodes), {"offset": offset})


DRAWS = {"kill": draw_kill, "kill-all": draw_kill_all, "pause": draw_pause, "partition": draw_partition,
         "net": draw_net, "disk": draw_disk, "power": draw_power, "power-all": draw_power_all,
         "clock": draw_clock}
